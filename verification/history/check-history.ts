// Checks the histories of a folder. Exit status: 0 nothing wrong, 1 something wrong, 2 usage or unreadable.
// Run as: npm run check-history -- FOLDER [FOLDER ...]
import {checkHistory} from './check.js';
import {isClean} from './findings.js';
import {formatReport} from './report.js';

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('Usage: npm run check-history -- FOLDER [FOLDER ...]\n');
  process.exitCode = 2;
}
for (const folder of folders) {
  try {
    const report = checkHistory(folder);
    process.stdout.write(`${folder}\n${formatReport(report)}`);
    if (!isClean(report)) process.exitCode ??= 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
