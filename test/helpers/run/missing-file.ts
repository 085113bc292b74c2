/** The environment variable with the name of the file that lists what skipped tests need. */
export const MISSING_FILE = 'UNIQUEID_TEST_MISSING';
