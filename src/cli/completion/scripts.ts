export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/**
 * Scripts that make a shell run `uniqueid complete` for candidates, because only the program knows its flags
 * and the modes of the database. Words reach the program unchanged, never through `eval`.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: String.raw`_uniqueid() {
  local candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("$(printf '%q' "$candidate")")
  done < <(uniqueid complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _uniqueid uniqueid
`.replaceAll('\\$', '$'),
  zsh: String.raw`#compdef uniqueid
_uniqueid() {
  local -a candidates
  candidates=("\${(@f)$(uniqueid complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then
    compadd -a candidates
  else
    _files
  fi
}
compdef _uniqueid uniqueid
`.replaceAll('\\$', '$'),
  fish: `function __uniqueid_candidates
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (uniqueid complete -- $words[2..-1] 2>/dev/null)
  if test (count $candidates) -gt 0
    string join \\n -- $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c uniqueid -f -a '(__uniqueid_candidates)'
`,
};

/** Commands that install the script, for the help text. */
export const completionInstall: Readonly<Record<Shell, string>> = {
  bash: 'uniqueid completion bash > ~/.local/share/bash-completion/completions/uniqueid',
  zsh: 'uniqueid completion zsh > "${fpath[1]}/_uniqueid"',
  fish: 'uniqueid completion fish > ~/.config/fish/completions/uniqueid.fish',
};
