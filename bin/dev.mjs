#!/usr/bin/env -S node --import tsx
// Runs the TypeScript sources as they are, for work on the program itself.
import {execute} from '@oclif/core/execute';

await execute({development: true, dir: import.meta.url});
