import {boolean, headerList, hostAddress, optionalPath, smallNumber} from './parsers.js';
import {inSection} from './setting.js';

const globalSetting = inSection({file: 'cherrypy', section: 'global'});
const applicationSetting = inSection({file: 'cherrypy', section: '/'});

/** The settings of the CherryPy file. */
export const cherrypySettings = {
  address: globalSetting({
    key: 'server.socket_host',
    env: 'UNIQUEID_ADDRESS',
    flag: 'address',
    default: '127.0.0.1',
    description: 'Address to listen on: `127.0.0.1` is this machine alone, `0.0.0.0` every address.',
    parse: hostAddress,
  }),
  port: globalSetting({
    key: 'server.socket_port',
    env: 'UNIQUEID_PORT',
    flag: 'port',
    default: '8051',
    description: 'Port to listen on; 0 picks a free one.',
    parse: smallNumber(0, 65_535),
  }),
  logScreen: globalSetting({
    key: 'log.screen',
    env: 'UNIQUEID_LOG_SCREEN',
    default: 'False',
    description: 'Write each request and each error to stderr.',
    parse: boolean,
  }),
  accessFile: globalSetting({
    key: 'log.access_file',
    env: 'UNIQUEID_ACCESS_FILE',
    default: '',
    description: 'File of the access log; empty for none.',
    parse: optionalPath,
  }),
  errorFile: globalSetting({
    key: 'log.error_file',
    env: 'UNIQUEID_ERROR_FILE',
    default: '',
    description: 'File of the error log; empty for stderr.',
    parse: optionalPath,
  }),
  responseHeadersOn: applicationSetting({
    key: 'tools.response_headers.on',
    env: 'UNIQUEID_RESPONSE_HEADERS_ON',
    default: 'False',
    description: 'Add the headers of `tools.response_headers.headers` to every answer.',
    parse: boolean,
  }),
  responseHeaders: applicationSetting({
    key: 'tools.response_headers.headers',
    env: 'UNIQUEID_RESPONSE_HEADERS',
    default: '[]',
    description: 'Names and values of these headers.',
    parse: headerList,
  }),
} as const;
