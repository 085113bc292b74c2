// Removes output whose source no longer exists: oclif would still offer its command.
import {rmSync} from 'node:fs';

rmSync(new URL('../dist', import.meta.url), {recursive: true, force: true});
