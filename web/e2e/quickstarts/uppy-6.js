// The page of docs/quickstarts/uppy-6.md.
import "./uppy.js";
