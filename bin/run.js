#!/usr/bin/env node
import {execute} from '@oclif/core/execute';
import {settings} from '@oclif/core/settings';

// A user's NODE_ENV=development must not make oclif look for TypeScript sources.
settings.enableAutoTranspile = false;

await execute({dir: import.meta.url});
