/** A name of a header field: a token of RFC 9110, 5.6.2. */
export const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A value of a header field (RFC 9110, 5.5): no line folding and no control characters but tabs. */
export const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
