/** The largest message that is read, each way; it is what gRPC clients of every language accept without being told. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** How long a new connection may say nothing. */
export const firstBytesTimeoutMs = 10_000;

/** How long a server that is dialled may take to answer. */
export const connectTimeoutMs = 5000;

/** Calls that answer once and whose caller named no deadline. The longest the API itself allows is 300 s. */
export const defaultTimeoutMs = 330_000;

/** How long calls in flight may go on when the server closes. */
export const defaultGraceMs = 5000;
