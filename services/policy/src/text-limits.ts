/** In characters. */
export const maxDisplayNameLength = 256;
export const maxDescriptionLength = 1024;
