/** The environment variable that names the file with the needs of skipped tests. */
export const MISSING_FILE = 'UNIQUEID_TEST_MISSING';
