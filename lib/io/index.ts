export * as safetensors from './safetensors.js';
export * as torch from './torch.js';
