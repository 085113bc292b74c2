import manifest from '../../../package.json' with {type: 'json'};

/** The version of this package, as in package.json; the build puts the text in. */
export const version: string = manifest.version;
