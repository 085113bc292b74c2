import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Copy, DockerfileParser, type From, type Instruction} from 'dockerfile-ast';
import {root} from '../folders/workspace.js';

/** One `FROM` and the instructions after it. */
export interface Stage {
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** The sources and the target of a `COPY`. */
export interface CopyStep {
  /** The stage that holds the sources; `undefined` for the folder of the Dockerfile. */
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export const dockerfileText = readFileSync(join(root, 'Dockerfile'), 'utf8');

/** Parses the stages of the project's Dockerfile. */
export function stages(): readonly Stage[] {
  const dockerfile = DockerfileParser.parse(dockerfileText);
  const found: {from: From; instructions: Instruction[]}[] = [];
  const froms = dockerfile.getFROMs();
  for (const instruction of dockerfile.getInstructions()) {
    const from = froms.find((each) => each.toString() === instruction.toString());
    if (from === undefined) found.at(-1)?.instructions.push(instruction);
    else found.push({from, instructions: []});
  }
  return found;
}

/** Returns the flags and arguments of each instruction with this keyword, on one line each. */
export function argumentsOf({instructions}: Stage, keyword: string): string[] {
  return instructions
    .filter((each) => each.getKeyword() === keyword)
    .map((each) =>
      each
        .getTextContent()
        .slice(keyword.length)
        .replaceAll(/\s*\\\n\s*/g, ' ')
        .trim(),
    );
}

export function copySteps({instructions}: Stage): CopyStep[] {
  return instructions
    .filter((each) => each instanceof Copy)
    .map((copy) => {
      const flag = copy.getFlags().find((each) => each.getName() === 'from');
      const paths = copy
        .getArguments()
        .map((each) => each.getValue())
        .filter((each) => !each.startsWith('--'));
      return {stage: flag?.getValue() ?? undefined, sources: paths.slice(0, -1), target: paths.at(-1) ?? ''};
    });
}
