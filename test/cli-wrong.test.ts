import test from 'ava';
import { inFolder, mgp, REFERENCE, writeDigits } from './support/cli.js';

const wholeNumber = (flag: string, most: number | string, got: string): string =>
  `mgp: ${flag}: expected a whole number from 1 to ${most}, got ${got}\n`;

/** A wrong call and the one line it gets. */
const wrong: [string[], string][] = [
  [['mnist', '--epochs', 'abc'], wholeNumber('--epochs', 1000000, '"abc"')],
  [['mnist', '--epochs', '0'], wholeNumber('--epochs', 1000000, '"0"')],
  [['mnist', '--epochs', '-3'], wholeNumber('--epochs', 1000000, '"-3"')],
  [['mnist', '--epochs', '1.5'], wholeNumber('--epochs', 1000000, '"1.5"')],
  [['mnist', '--epochs', '1e9'], wholeNumber('--epochs', 1000000, '"1e9"')],
  [['mnist', '--epochs', ''], wholeNumber('--epochs', 1000000, '""')],
  [['mnist', '--batch-size', '0'], wholeNumber('--batch-size', 1000000, '"0"')],
  [['mnist', '--threads', '0'], wholeNumber('--threads', 1024, '"0"')],
  [['mnist', '--threads', '5000'], wholeNumber('--threads', 1024, '"5000"')],
  [['mnist', '--lr', '0'], 'mgp: --lr: expected a number above 0, got "0"\n'],
  [['mnist', '--lr', '-0.1'], 'mgp: --lr: expected a number above 0, got "-0.1"\n'],
  [['mnist', '--lr', 'Infinity'], 'mgp: --lr: expected a number above 0, got "Infinity"\n'],
  [['mnist', '--lr', '0x10'], 'mgp: --lr: expected a number above 0, got "0x10"\n'],
  [
    ['mnist', '--seed', '9007199254740992'],
    'mgp: --seed: expected a whole number from 0 to 9007199254740991, got "9007199254740992"\n',
  ],
  [['mnist', '--lr'], "mgp: option '--lr <x>' argument missing\n"],
  [
    ['mnist', '--backend', 'cuda'],
    "mgp: option '--backend <name>' argument 'cuda' is invalid. Allowed choices are native, reference.\n",
  ],
  [['mnist', '--epoch', '3'], "mgp: unknown option '--epoch' (Did you mean --epochs?)\n"],
  [['mnist', 'now'], "mgp: too many arguments for 'mnist'. Expected 0 arguments but got 1.\n"],
  [['train'], "mgp: unknown command 'train'\n"],
  [['mnist', '--data', '/no/such'], 'mgp: --data: expected a folder, got "/no/such", which does not exist\n'],
  [['mnist', '--data', 'package.json'], 'mgp: --data: expected a folder, got "package.json"\n'],
  [
    ['mnist', '--save', '/no/such/file'],
    'mgp: --save: "/no/such/file" cannot be written: its folder does not exist\n',
  ],
  [['mnist', '--save', 'lib'], 'mgp: --save: "lib" cannot be written: it is a folder\n'],
  [
    ['mnist', '--report', 'package.json/x'],
    'mgp: --report: "package.json/x" cannot be written: its folder is a file\n',
  ],
  [
    ['mnist', '--save', './x', '--report', 'x'],
    'mgp: --save and --report: expected two files, got "./x" for both\n',
  ],
  [
    ['bench', '--workload', 'seedcnn_b32,resnet'],
    'mgp: --workload: expected some of seedcnn_b32, seedcnn_b256, mlp_b128, vgg_b32, gpt_b16, got "resnet"\n',
  ],
  [['bench', '--rounds', '0'], 'mgp: --rounds: expected a whole number from 1 to 1000, got "0"\n'],
  [['bench', '--seconds', 'x'], 'mgp: --seconds: expected a number above 0, got "x"\n'],
  [
    ['bench', '--peer', 'jax'],
    "mgp: option '--peer <name>' argument 'jax' is invalid. Allowed choices are torch.\n",
  ],
  [['bench', '--python', 'python3'], 'mgp: --python: expected --peer torch with it\n'],
  [
    ['bench', '--peer', 'torch', '--python', '/no/python'],
    'mgp: --python: expected a Python with PyTorch, got "/no/python", which cannot import torch\n',
  ],
  [
    ['bench', '--save', '/no/such/page.md'],
    'mgp: --save: "/no/such/page.md" cannot be written: its folder does not exist\n',
  ],
  [['graph', '--out', 'x.png'], 'mgp: --out: expected a .svg or .dot file, got "x.png"\n'],
  [
    ['graph', '--expression', 'x'],
    "mgp: option '--expression <name>' argument 'x' is invalid. Allowed choices are neuron, post, matmul, micrograd.\n",
  ],
];

for (const [args, message] of wrong)
  test(`wrong: mgp ${args.join(' ')}`, async (t) => {
    t.deepEqual(await mgp(args), { code: 2, stdout: '', stderr: message });
  });

test('other failures exit 1 in one line, with --verbose in many', async (t) => {
  await inFolder(async (folder) => {
    const args = ['mnist', '--data', folder, ...REFERENCE];
    const { code, stdout, stderr } = await mgp(args);
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, /^mgp: \[loadMnist\] .*\n$/);
    const verbose = await mgp([...args, '--verbose']);
    t.is(verbose.code, 1);
    t.regex(verbose.stderr, /^mgp: Error: \[loadMnist\] [^]*\n +at /);

    await writeDigits(folder, 50, 20);
    const high = await mgp([...args, '--lr', '1e38']);
    t.is(high.code, 1);
    t.regex(
      high.stderr,
      /^mgp: \[fit\] the loss became (NaN|Infinity) in epoch 1, step \d: try a smaller lr\n$/,
    );
  });
});
