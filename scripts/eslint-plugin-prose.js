/**
 * ESLint rules for English: `prose/code` reads comments and strings, `prose/markdown` reads pages.
 *
 * Both reject the idioms and words that the project avoids, and sentences of more than 25 words.
 */

const MAX_WORDS = 25;

/** A pattern and what to write instead. */
const banned = [
  [
    /^(?:Whether|What(?:ever)?|Who(?:ever|se)?|Nobody|Somebody|So (?:many|long|much|few)) /,
    'Start with the subject or a verb.',
  ],
  [
    /^(?:How (?:far|many|long|much|often)|Which of|That of|Those that|Nothing that|Told|Is told) /,
    'Start with the subject or a verb.',
  ],
  [
    /\b[Ww]here (?:it|there|one|that|this|they|both|none|some|no|nothing|nobody|not|neither|few|many|more|less)\b/,
    'Write "if" or "when".',
  ],
  [
    /\b(?:is|are|was|were|be|been) (?:not )?there(?=[ ,.;:)]|$)(?! (?:a|an|any|no|some)\b)/i,
    'Write "exists" or "is missing".',
  ],
  [/\b(?:told|tells?|telling)\b(?! (?:apart|time))/i, 'Write "reports", "shows" or "says".'],
  [/\b(?:nobody|somebody|whoever|everybody|anybody)\b/i, 'Name the person, client or process.'],
  [/\b(?:let(?:s|ting)? go of|put right)\b/i, 'Write "releases" or "repairs".'],
  [/\b(?:hand(?:s|ed|ing)? (?:over|on)|gives? out)\b/i, 'Write "passes" or "issues".'],
  [
    /\b(?:stands?|stood|standing) (?:at|in|there|on|still|below|above|behind|before|for itself)\b/i,
    'Write "is".',
  ],
  [/\b(?:anew|meanwhile|thereby|therein|whereupon|thereof)\b/i, 'Use a plain word, such as "again".'],
  [/\b(?:comes?|came|coming) (?:to (?:nothing|be|listen|an end)|of it)\b/i, 'Write "is" or "results in".'],
  [/\b(?:so many|so few|so much)\b/i, 'State the number or the bound.'],
  [/\b(?:is|are|was|be|while|database|service) away\b/i, 'Write "unavailable".'],
  [/\brefus(?:e|es|ed|al|als|ing)\b/i, 'Write "reject".'],
  [/\b(?:service|server) file\b/i, 'Write "config file" or "CherryPy file".'],
  [/\b(?:thousand million|quintillion|quadrillion)s?\b/i, 'Write a power of ten.'],
];

/** Returns what is wrong with a text, one message per fault. */
export function faultsOf(text) {
  return sentencesOf(text).flatMap((sentence) => {
    const words = sentence.split(/\s+/).length;
    return [
      ...banned
        .filter(([pattern]) => pattern.test(sentence))
        .map(([pattern, advice]) => `"${pattern.exec(sentence)[0].trim()}": ${advice}`),
      ...(words > MAX_WORDS ? [`${words} words in a sentence; at most ${MAX_WORDS}.`] : []),
    ];
  });
}

/** Code and quotations count as one word; text of one or two words is a name, not a sentence. */
function sentencesOf(text) {
  return text
    .replaceAll(/`[^`]*`/g, 'CODE')
    .replaceAll(/"[^"]*"/g, 'QUOTE')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .split(/(?<=[.!?])(?:\n\s*|\s+(?=[A-Z'([]))/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.split(/\s+/).length > 2);
}

/**
 * Returns the paragraphs of comments. Adjacent `//` lines are one; a block is cut at empty lines, list items
 * and tags.
 */
function paragraphsOf(comments) {
  const paragraphs = [];
  for (const {type, value, loc} of comments) {
    const last = paragraphs.at(-1);
    if (type === 'Line' && last?.type === 'Line' && last.loc.end.line === loc.start.line - 1) {
      last.text += ` ${value.trim()}`;
      last.loc = {start: last.loc.start, end: loc.end};
      continue;
    }
    const parts = value.replaceAll(/^\s*\*? ?/gm, '').split(/\n\s*\n|\n(?=[-*@] ?|\d+\. )/);
    for (const part of parts)
      paragraphs.push({type, loc, text: part.replace(/^@\w+\s*/, '').replaceAll('\n', ' ')});
  }
  return paragraphs;
}

const rule = (create, schema = []) => ({meta: {type: 'suggestion', schema}, create});

/**
 * Reads all comments and strings; with `titles`, of the strings only test titles, since others are test data.
 */
const code = rule(
  (context) => {
    const report = (loc, text) => {
      for (const message of faultsOf(text)) context.report({loc, message});
    };
    // Text with a line break or an element is a program or a document in another language.
    const reportString = (loc, text) => {
      if (!/[\n<]/.test(text)) report(loc, text);
    };
    const isTitle = ({parent}) =>
      parent.type === 'CallExpression' &&
      /^(?:describe|it|needs)\b/.test(context.sourceCode.getText(parent.callee));
    const reads = (node) => context.options[0] !== 'titles' || isTitle(node);
    return {
      Program() {
        for (const {loc, text} of paragraphsOf(context.sourceCode.getAllComments())) report(loc, text);
      },
      Literal(node) {
        if (typeof node.value === 'string' && reads(node)) reportString(node.loc, node.value);
      },
      TemplateLiteral(node) {
        if (reads(node)) reportString(node.loc, node.quasis.map((quasi) => quasi.value.cooked).join('VALUE'));
      },
    };
  },
  [{enum: ['all', 'titles']}],
);

/** Reads paragraphs, headings and cells of tables; a line of a paragraph holds one whole sentence. */
const markdown = rule((context) => {
  const read = (node) => {
    const text = context.sourceCode.getText(node);
    for (const message of faultsOf(text)) context.report({loc: node.position, message});
    return text;
  };
  return {
    heading: read,
    tableCell: read,
    paragraph(node) {
      const lines = read(node)
        .replaceAll(/`[^`]*`/g, 'CODE')
        .split('\n')
        .map((line) => line.trim());
      const isBroken = lines.slice(0, -1).some((line) => !/[.!?:;]["')\]*_]*$/.test(line));
      const isCrowded = lines.some((line) =>
        /[.!?]["')]* [A-Z"'([*`]/.test(line.replace(/\b(?:e\.g|i\.e|vs|etc)\. /g, '')),
      );
      if (isBroken || isCrowded)
        context.report({loc: node.position, message: 'Write one sentence per line.'});
    },
  };
});

export default {rules: {code, markdown}};
