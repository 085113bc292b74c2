// What was compiled from a source that is gone must not be shipped: oclif would still offer its command.
import {rmSync} from 'node:fs';

rmSync(new URL('../dist', import.meta.url), {recursive: true, force: true});
