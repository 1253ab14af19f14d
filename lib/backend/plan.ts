import { rangeError } from '../errors.js';
import { setRecorder, type Recorder } from '../recording.js';
import { allocate, freed, type Storage } from '../storage.js';
import { itemSize } from '../dtype.js';
import { block } from './native-block.js';
import { interceptCalls, kernelName, replay, useCalls, type Calls, type Handle } from './native.js';

// A step of training, recorded: the native calls that it made, to be made again as one. JavaScript decides nothing any
// more, and the memory of all intermediate results lies in one arena that was laid out once.

/** A call of a kernel: its position among the kernels, its numbers, and its operands in order. */
export interface Call {
  readonly entry: number;
  readonly block: Float64Array;
  readonly operands: readonly Storage[];
}

/** A call whose numbers are packed anew for each run, to its place in the program. */
interface PackedCall extends Call {
  readonly position: number;
}

/** A call of `fromHost`, and the kernels that it calls. */
interface HostCall {
  readonly call: () => void;
  readonly undo: (() => void) | undefined;
  readonly packed: readonly PackedCall[];
  /** How many calls come before. */
  readonly at: number;
}

/** A tensor whose `grad` the step changes. */
export interface GradChange {
  readonly tensor: { grad: unknown };
  /** What must be there before the step for it to be the same step; undefined when the step does not care. */
  readonly expected: unknown;
}

/** A storage that each run replaces: which buffer that is, and where the program says where in it to begin. */
export interface Replaced {
  readonly handle: number;
  readonly base: number;
  /** That of the recording. */
  readonly storage: Storage;
  /** How often the step changes it in place. */
  readonly changes: number;
}

/** What a run works on instead of an input of the recording: its elements lie `shift` bytes further on. */
export interface Input {
  readonly storage: Storage;
  readonly shift: number;
}

/** Where in a program the slots begin. The whole format is in native/replay.h. */
export const SLOTS = 3;

/** Where in a program the answer of a call lies that found bad data. */
const ANSWER = 2;

/** Thrown when what JavaScript asks for is not what was recorded: the plan is of no use any more. */
export class Outdated extends Error {}

/** A recorded step. */
export class Plan {
  readonly #calls: Calls;
  readonly #packer: Recorder;
  /** The calls that JavaScript is expected to pack, the next of them, and the number of its operands so far. */
  #expected: readonly PackedCall[] = [];
  #next = 0;
  #operands = 0;

  constructor(
    private readonly program: Float64Array,
    private readonly handles: Handle[],
    private readonly inputs: readonly (Replaced | null)[],
    private readonly outputs: readonly Replaced[],
    private readonly hostCalls: readonly HostCall[],
    private readonly versions: readonly { readonly storage: Storage; readonly changes: number }[],
    /** Memory from outside, and which of the buffers it is. */
    private readonly outside: readonly { readonly storage: Storage; readonly handle: number }[],
    private readonly gradients: readonly (GradChange & { readonly after: unknown })[],
    /** How many kernels it calls, and how much memory their intermediate results take, in bytes. */
    readonly size: { readonly calls: number; readonly bytes: number },
  ) {
    this.#calls = interceptCalls((entry) => {
      const call = this.#expected[this.#next++] as PackedCall | undefined;
      if (call?.entry !== entry || this.#operands !== call.operands.length) throw new Outdated();
      program.set(block.subarray(0, call.block.length), call.position);
      this.#operands = 0;
      return undefined;
    });
    const unexpected = (): never => {
      throw new Outdated();
    };
    this.#packer = {
      allocated: unexpected,
      borrowed: unexpected,
      touched: unexpected,
      gradient: unexpected,
      fromHost: unexpected,
      stepChanged: unexpected,
      operand: (storage) =>
        this.#expected[this.#next]?.operands[this.#operands++] === storage ? NO_BUFFER : unexpected(),
    };
  }

  /**
   * Whether the step would do the same again: whether the gradients it reads are those it read before, and the memory
   * from outside is still there.
   */
  get isCurrent(): boolean {
    return (
      this.gradients.every(({ tensor, expected }) => expected === undefined || tensor.grad === expected) &&
      this.outside.every(({ storage, handle }) => storage.handle === this.handles[handle])
    );
  }

  /**
   * Runs the step.
   * @returns the storages of the outputs
   * @throws Outdated, before anything has changed, when an optimizer wants other kernels than before
   */
  run(inputs: readonly Input[]): Storage[] {
    const { program, handles } = this;
    inputs.forEach(({ storage, shift }, i) => {
      const slot = this.inputs[i];
      if (slot === null) return;
      handles[slot.handle] = storage.handle ?? freed();
      program[slot.base] = shift + storage.start * itemSize(storage.dtype);
    });
    const made = this.outputs.map(({ handle, base, storage: { dtype, bytes } }) => {
      const storage = allocate(dtype, bytes / itemSize(dtype));
      handles[handle] = storage.handle as Handle;
      program[base] = storage.start * itemSize(dtype);
      program[base + 1] = bytes;
      return storage;
    });
    this.#pack();
    let stopped: number | undefined;
    try {
      stopped = replay(program, handles);
    } finally {
      if (stopped !== -1) this.#undo(this.hostCalls.filter(({ at }) => at > (stopped ?? -1)));
      // Also when it stopped halfway: a graph that saved what was there before must notice.
      for (const { storage, changes } of this.versions) storage.version += changes;
      inputs.forEach(({ storage }, i) => (storage.version += this.inputs[i]?.changes ?? 0));
    }
    if (stopped >= 0) this.#badData(stopped);
    for (const { tensor, after } of this.gradients) tensor.grad = after;
    return made;
  }

  /** Asks JavaScript for the numbers that are its own. */
  #pack(): void {
    let done = 0;
    const before = setRecorder(this.#packer);
    try {
      useCalls(this.#calls, () => {
        for (const { call, packed } of this.hostCalls) {
          this.#expected = packed;
          this.#next = 0;
          this.#operands = 0;
          done++;
          call();
          if (this.#next !== packed.length) throw new Outdated();
        }
        done = -1;
      });
    } finally {
      setRecorder(before);
      if (done >= 0) this.#undo(this.hostCalls.slice(0, done));
    }
  }

  /** Takes back what calls from JavaScript counted. */
  #undo(calls: readonly HostCall[]): void {
    for (let i = calls.length - 1; i >= 0; i--) calls[i].undo?.();
  }

  /** Throws for the call that found an index, or a class, that does not exist. */
  #badData(stopped: number): never {
    let at = SLOTS + 3 * this.program[0];
    for (let i = 0; i < stopped; i++) at += 3 + this.program[at + 1] + this.program[at + 2];
    const name = kernelName(this.program[at]);
    const bad = this.program[ANSWER];
    rangeError(
      name,
      MATRIX_KERNELS.includes(name)
        ? `matrix ${bad} of the batch is singular, not positive-definite or not finite (in a compiled step)`
        : `element ${bad} of the indices, or of the targets, is out of range (in a compiled step)`,
    );
  }
}

/** Kernels that name a matrix they could not deal with. */
const MATRIX_KERNELS: readonly string[] = ['cholesky', 'lu', 'svd', 'eigh'];

const NO_BUFFER = new ArrayBuffer(0);
