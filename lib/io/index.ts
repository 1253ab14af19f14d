export * as onnx from './onnx/index.js';
export * as safetensors from './safetensors.js';
export * as torch from './torch.js';
