// The page of docs/quickstarts/uppy-5.md.
import "./uppy.js";
