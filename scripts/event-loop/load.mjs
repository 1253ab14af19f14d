// Asks a server `rate` times a second for `seconds`, from a process of its own, and prints how long the answers took.

import { Agent, request } from 'node:http';
import { clearInterval, setInterval } from 'node:timers';

const [port, rate, seconds] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const times = [];
let open = 0;

const ask = () => {
  open++;
  const began = performance.now();
  request({ port, agent }, (response) =>
    response.resume().on('end', () => {
      times.push(performance.now() - began);
      open--;
    }),
  ).end();
};

const began = performance.now();
let asked = 0;
const timer = setInterval(() => {
  const due = Math.min(rate * seconds, ((performance.now() - began) / 1000) * rate);
  for (; asked < due; asked++) ask();
  if (asked < rate * seconds || open > 0) return;
  clearInterval(timer);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(share * (times.length - 1))];
  console.log(JSON.stringify({ count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) }));
  agent.destroy();
}, 2);
