import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';
import {expect, it} from 'vitest';
import {root} from '../helpers/folders/workspace.js';

// Other tests assert codes, statuses and structure: an improved message changes only its source and this
// list. To update it: npx vitest run test/source/messages.test.ts --update
it('every message, hint, warning and help text is in messages.txt', async () => {
  const found = new Set(sources().flatMap((path) => textsOf(path).filter(isProse)));
  expect(found.size).toBeGreaterThan(300);
  // Sorted and without file names, so that moved code changes nothing.
  await expect(`${[...found].sort().join('\n')}\n`).toMatchFileSnapshot('messages.txt');
});

function sources(): readonly string[] {
  const folder = join(root, 'src');
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));
}

/** Returns the texts in a source, one line each, with {} for every embedded expression. */
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
  /** Visits the expressions inside a template or sum. */
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

/** Returns the text of a literal, a template, or a sum with one of these; else `undefined`. */
function textOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({literal}) => `{}${literal.text}`).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : (left ?? '{}') + (right ?? '{}');
}

/** Returns true for a text that people read: it has words, and is neither SQL nor a shell script. */
function isProse(text: string): boolean {
  if (!/[a-z]{2,}[,;:.]? [a-z{"]/i.test(text)) return false;
  return !/^\s*(?:\(?SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|SET|SHOW|PRAGMA|BEGIN|START|LOCK|KILL|WITH|ROLLBACK) |\\n/.test(
    text,
  );
}
