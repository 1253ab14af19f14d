/** NumPy's files of single arrays. */
export * as npy from './npy.js';
/** NumPy's archives of arrays by name. */
export * as npz from './npz.js';
/** Models as ONNX files, for other runtimes. */
export * as onnx from './onnx/index.js';
/** Files of safetensors, in which weights travel. */
export * as safetensors from './safetensors.js';
/** Files of `torch.save`, read without executing anything in them. */
export * as torch from './torch.js';
