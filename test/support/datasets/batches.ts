import { data, tensor } from '../../../lib/index.js';

/** A dataset for worker threads that makes whole batches, after a while. */
export default async (n: number): Promise<data.TensorDataset> => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return new data.TensorDataset(tensor(Int32Array.from({ length: n }, (_, i) => i)));
};
