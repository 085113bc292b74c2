import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

/** Python's value for a text, or the reason why it rejects the text. */
export type Verdict<T> = {readonly value: T} | {readonly error: string};

/** A Python process that judges one text after the other. */
export interface PythonOracle {
  readonly ask: <T>(kind: 'ini' | 'literal' | 'query', text: string) => Promise<Verdict<T>>;
  readonly close: () => void;
}

export function openPythonOracle(): PythonOracle {
  const child = spawn('python3', [fileURLToPath(new URL('oracle.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: {resolve: (line: string) => void; reject: (error: Error) => void}[] = [];
  createInterface({input: child.stdout}).on('line', (line) => waiting.shift()?.resolve(line));
  const fail = (error: Error): void => {
    for (const {reject} of waiting.splice(0)) reject(error);
  };
  child.on('error', fail);
  child.on('close', () => {
    fail(new Error('python3 ended'));
  });
  return {
    ask: async <T>(kind: string, text: string) => {
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({resolve, reject});
        child.stdin.write(`${JSON.stringify([kind, text])}\n`);
      });
      return JSON.parse(line) as Verdict<T>;
    },
    close: () => {
      child.stdin.end();
    },
  };
}
