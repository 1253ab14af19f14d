import { nn } from 'mgp-node';
import { inputWidth, outputWidth } from './encoding.js';

/** A perceptron with hidden layers, for tables of this encoding. The worker trains one, the server predicts with one. */
export function buildModel(encoding, { hidden }) {
  const layers = [];
  let width = inputWidth(encoding);
  for (const next of hidden) {
    layers.push(new nn.Linear(width, next), new nn.ReLU());
    width = next;
  }
  return new nn.Sequential(...layers, new nn.Linear(width, outputWidth(encoding)));
}
