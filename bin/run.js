#!/usr/bin/env node
// First of all: without a listener Node opens its inspector at this signal, and any local user could run code here.
process.on('SIGUSR1', () => undefined);

// CommonJS, unlike the rest: Node's loader of ECMAScript modules takes as long to start as an allocation.
const {main} = require('../dist/cli/main.cjs');

void main(process.argv.slice(2));
