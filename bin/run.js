#!/usr/bin/env node
// CommonJS, unlike the rest: Node's loader of ECMAScript modules takes as long to start as an allocation.
const {main} = require('../dist/cli/start.cjs');

void main(process.argv.slice(2));
