/**
 * Makes a thumbnail of an image, without the metadata of the file. Returns `null` for other files, for images that the browser
 * cannot decode, and where there is no canvas, such as in Node.
 * @param {File} file
 * @param {string} type The media type of the file.
 * @returns {Promise<Blob | null>}
 */
export declare function thumbnailOf(file: File, type: string): Promise<Blob | null>;
