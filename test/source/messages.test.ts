import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';
import {expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';

// All other tests assert codes, statuses and structure, so that a better sentence changes its source and this list alone:
// npx vitest run test/source/messages.test.ts --update
it('every message, hint, warning and help text reads as in messages.txt', async () => {
  const found = new Set(sources().flatMap((path) => textsOf(path).filter(isProse)));
  expect(found.size).toBeGreaterThan(300);
  // Sorted, and without the names of files, so that moving code changes nothing.
  await expect(`${[...found].sort().join('\n')}\n`).toMatchFileSnapshot('messages.txt');
});

function sources(): readonly string[] {
  const folder = join(root, 'src');
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));
}

/** The texts that stand in a source, a line each, with {} for every expression inside one. */
function textsOf(path: string): readonly string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isExpression(node) ? textOf(node) : undefined;
    if (text === undefined) {
      ts.forEachChild(node, visit);
      return;
    }
    texts.push(text.replaceAll('\n', '\\n'));
    visitExpressions(node);
  };
  /** Looks for texts inside the expressions of a template or sum. */
  const visitExpressions = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node)) for (const {expression} of node.templateSpans) visit(expression);
    else if (ts.isBinaryExpression(node)) [node.left, node.right].forEach(visitOperand);
  };
  const visitOperand = (node: ts.Expression): void => {
    if (textOf(node) === undefined) visit(node);
    else visitExpressions(node);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest));
  return texts;
}

/** A literal, a template, or a sum that holds one; `undefined` for any other expression. */
function textOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({literal}) => `{}${literal.text}`).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : (left ?? '{}') + (right ?? '{}');
}

/** Whether people read a text: it has words, and is neither SQL nor a program of a shell. */
function isProse(text: string): boolean {
  if (!/[a-z]{2,}[,;:.]? [a-z{"]/i.test(text)) return false;
  return !/^\s*(?:\(?SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|SET|SHOW|PRAGMA|BEGIN|START|LOCK|KILL|WITH|ROLLBACK) |\\n/.test(
    text,
  );
}
