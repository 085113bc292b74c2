import confirm from '@inquirer/confirm';
import {createPrompt, isEnterKey, makeTheme, useKeypress, usePrefix, useState} from '@inquirer/core';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {colours} from './colour.js';
import {wrapWords} from './wrap-words.js';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks a question; Enter alone means no. */
export function askYesNo(message: string): Promise<boolean> {
  return confirm({message: visible(message), default: false}, context);
}

/**
 * Asks for a typed text, so that a hasty Enter confirms nothing. Accepts hidden characters in their
 * visible form, because no keyboard has them.
 */
export async function askToType(message: string, expected: string): Promise<boolean> {
  const isExpected = (typed: string): boolean => typed === expected || typed === visible(expected);
  return isExpected(await typedText({message: visible(message), isRight: isExpected}, context));
}

export interface CheckedQuestion {
  readonly message: string;
  /** Shown below the question until something is typed. */
  readonly help: string;
  /** Returns why a text is no answer; `undefined` if it is one. */
  readonly findProblem: (text: string) => string | undefined;
}

/** Asks for a text, shows at each key why it is no answer yet, and ends at a valid one only. */
export function askChecked({message, help, findProblem}: CheckedQuestion): Promise<string> {
  const problemOf = (text: string): Visible | undefined => {
    const problem = findProblem(text);
    return problem === undefined ? undefined : visible(problem);
  };
  return typedText({message: visible(message), help: visible(help), findProblem: problemOf}, context);
}

interface TextQuestion {
  readonly message: Visible;
  readonly help?: Visible;
  /** Returns why Enter cannot end the prompt. */
  readonly findProblem?: (text: string) => Visible | undefined;
  /** Returns false for an answer that ends the prompt with a cross instead of a tick. */
  readonly isRight?: (text: string) => boolean;
}

/** Replaces the input of Inquirer, which checks nothing before Enter and ticks every answer. */
const typedText = createPrompt<string, TextQuestion>(({message, help, findProblem, isRight}, done) => {
  const {red, dim} = colours(process.stderr);
  const theme = makeTheme();
  const [status, setStatus] = useState('idle');
  const [text, setText] = useState('');
  const prefix = usePrefix({status, theme});
  useKeypress((key, readline) => {
    if (status !== 'idle') return;
    if (!isEnterKey(key)) setText(readline.line);
    // Enter has emptied the line.
    else if (findProblem?.(text) !== undefined) readline.write(text);
    else {
      setStatus(isRight?.(text) === false ? 'wrong' : 'done');
      done(text);
    }
  });
  const mark = status === 'wrong' ? red(visible('✘')) : prefix;
  const question = `${wrap(`${mark} ${theme.style.message(message, status)}`)} ${text}`;
  const problem = text === '' ? undefined : findProblem?.(text);
  if (status !== 'idle') return question;
  if (problem !== undefined) return [question, wrap(red(problem))];
  return [question, text === '' && help !== undefined ? wrap(dim(help)) : ''];
});

/** Breaks between words; Inquirer breaks inside them. */
function wrap(text: string): string {
  return wrapWords(text, process.stderr.columns || undefined).join('\n');
}
