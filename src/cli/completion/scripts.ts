export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/**
 * Scripts that make a shell run `uniqueid complete` for candidates, because only the program knows its flags
 * and the modes of the database. Words reach the program unchanged, never through `eval`. Each line of the
 * program is a candidate, and after a tab its description.
 *
 * - bash has no descriptions: they are shown only in the list of a second Tab (COMP_TYPE 63), which inserts
 *   nothing.
 * - zsh runs the file as the function at the first Tab if it autoloads it; a sourced file registers it.
 * - fish splits the lines at the tab itself.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: String.raw`_uniqueid() {
  local line name i width=0
  local -a names=() descriptions=()
  COMPREPLY=()
  while IFS= read -r line; do
    name=\${line%%$'\t'*}
    names+=("$name")
    if [[ $line == *$'\t'* ]]; then descriptions+=("\${line#*$'\t'}"); else descriptions+=(""); fi
    if (( \${#name} > width )); then width=\${#name}; fi
  done < <(uniqueid complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for i in "\${!names[@]}"; do
    if [[ \${COMP_TYPE:-9} == 63 && \${#names[@]} -gt 1 && -n \${descriptions[i]} ]]; then
      printf -v line '%-*s  (%s)' "$width" "\${names[i]}" "\${descriptions[i]}"
      COMPREPLY+=("\${line:0:\${COLUMNS:-80}-1}")
    else
      COMPREPLY+=("$(printf '%q' "\${names[i]}")")
    fi
  done
}
complete -o default -F _uniqueid uniqueid
`.replaceAll('\\$', '$'),
  zsh: String.raw`#compdef uniqueid
_uniqueid() {
  local line name
  local -a candidates
  for line in "\${(@f)$(uniqueid complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    name=\${line%%$'\t'*}
    name=\${\${name//\\/\\\\}//:/\\:}
    if [[ $line == *$'\t'* ]]; then name+=":\${line#*$'\t'}"; fi
    candidates+=("$name")
  done
  if (( $#candidates )); then
    _describe uniqueid candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _uniqueid ]]; then
  _uniqueid "$@"
else
  compdef _uniqueid uniqueid
fi
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

/** Commands that install the script, for the help text. They make the folder if it is missing. */
export const completionInstall: Readonly<Record<Shell, string>> = {
  bash: installation('~/.local/share/bash-completion/completions', 'bash', 'uniqueid'),
  zsh: installation('~/.zfunc', 'zsh', '_uniqueid'),
  fish: installation('~/.config/fish/completions', 'fish', 'uniqueid.fish'),
};

function installation(folder: string, shell: Shell, file: string): string {
  return `mkdir -p ${folder} && uniqueid completion ${shell} > ${folder}/${file}`;
}
