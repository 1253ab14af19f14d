import { setRecorder, type Recorder } from '../recording.js';
import { freed, type Storage } from '../storage.js';
import type { Operand } from './contract.js';
import { layOut } from './layout.js';
import { block } from './native-block.js';
import { interceptCalls, loadNative, useCalls, type Handle } from './native.js';
import { Plan, SLOTS, type Call, type GradChange, type Replaced } from './plan.js';

/** A call of `fromHost`, and the kernels that it called. */
interface HostCall {
  readonly call: () => void;
  readonly undo: (() => void) | undefined;
  readonly calls: Call[];
}

/** What is known of a storage that was made during the recording. */
interface Made {
  readonly zeroed: boolean;
  /** Whether a kernel has seen it. */
  used: boolean;
}

/** A number that no call packs: it shows how far a call has filled the block. */
const UNUSED = 1.25e-300;

/** Notes what a step does while it does it. */
export class Recording implements Recorder {
  readonly #calls: Call[] = [];
  readonly #hostCalls: HostCall[] = [];
  readonly #made = new Map<Storage, Made>();
  /** The versions that storages from outside had when the step came to them. */
  readonly #versions = new Map<Storage, number>();
  readonly #gradients = new Map<object, GradChange>();
  readonly #inputs: readonly Storage[];
  #operands: Storage[] = [];
  #hostCall: HostCall | null = null;

  /** @param inputs what each later run replaces with its own */
  constructor(inputs: readonly Storage[]) {
    this.#inputs = inputs;
  }

  /** Runs the step and notes it. */
  run<T>(step: () => T): T {
    block.fill(UNUSED);
    const before = setRecorder(this);
    try {
      return useCalls(
        interceptCalls((entry, run) => this.#call(entry, run)),
        step,
      );
    } finally {
      setRecorder(before);
    }
  }

  allocated(storage: Storage, zeroed: boolean): void {
    this.#made.set(storage, { zeroed, used: false });
  }

  operand(storage: Storage): Handle {
    this.#operands.push(storage);
    if (!this.#made.has(storage) && !this.#versions.has(storage))
      this.#versions.set(storage, storage.version);
    return storage.handle ?? freed();
  }

  touched(storage: Storage): void {
    const made = this.#made.get(storage);
    if (made === undefined || made.used)
      throw new Error(
        '[compile] the step reads the values of a tensor (item, tolist, data, print, …), but its JavaScript runs only ' +
          'once: what it would decide by them could not change. Return the tensor and read it after the step',
      );
    // JavaScript fills it: a constant, whose memory nothing else may get.
    storage.kept = true;
  }

  gradient(tensor: { grad: unknown }, change: 'drop' | 'add'): void {
    if (!this.#gradients.has(tensor))
      this.#gradients.set(tensor, { tensor, expected: change === 'drop' ? undefined : tensor.grad });
  }

  fromHost(call: () => void, undo?: () => void): void {
    const outer = this.#hostCall;
    this.#hostCall = { call, undo, calls: [] };
    this.#hostCalls.push(this.#hostCall);
    call();
    this.#hostCall = outer;
  }

  #call(entry: number, run: () => number | undefined): number | undefined {
    const operands = this.#operands;
    this.#operands = [];
    let length = block.length;
    while (length > 0 && block[length - 1] === UNUSED) length--;
    const call = { entry, block: block.slice(0, length), operands };
    for (const storage of operands) {
      const made = this.#made.get(storage);
      if (made === undefined || made.used) continue;
      made.used = true;
      // Fresh memory was zero; that of the plan is not.
      if (made.zeroed && !storage.kept) loadNative().fill(0, bytesOf(storage));
    }
    this.#calls.push(call);
    this.#hostCall?.calls.push(call);
    block.set(call.block);
    const result = run();
    block.fill(UNUSED);
    return result;
  }

  /** @param outputs storages that each run makes anew, for the caller to keep */
  plan(outputs: readonly Storage[]): Plan {
    const uses = new Map<Storage, [first: number, last: number]>();
    this.#calls.forEach(({ operands }, i) => {
      for (const storage of operands) uses.set(storage, [uses.get(storage)?.[0] ?? i, i]);
    });
    const isTemporary = (storage: Storage): boolean =>
      this.#made.has(storage) && !storage.kept && !outputs.includes(storage);
    const temporaries = [...uses.keys()].filter(isTemporary);
    const layout = layOut(
      temporaries.map((storage) => {
        const [first, last] = uses.get(storage) as [number, number];
        return { bytes: storage.bytes, first, last };
      }),
    );
    const arena = loadNative().allocate(Math.max(1, layout.bytes));
    const places = new Map(temporaries.map((storage, i) => [storage, layout.offsets[i]]));

    const slots = [...uses.keys()];
    const handles: Handle[] = [arena];
    const numbers: number[] = [slots.length, this.#calls.length, 0];
    const slotOf = new Map<Storage, number>();
    const handleOf = new Map<Storage, number>();
    slots.forEach((storage, slot) => {
      slotOf.set(storage, slot);
      const place = places.get(storage);
      if (place !== undefined) numbers.push(0, place, storage.bytes);
      else {
        handleOf.set(storage, handles.length);
        numbers.push(handles.length, 0, -1);
        handles.push(storage.handle ?? freed());
      }
    });
    const blocks = new Map<Call, number>();
    for (const call of this.#calls) {
      numbers.push(call.entry, call.operands.length, call.block.length);
      for (const storage of call.operands) numbers.push(slotOf.get(storage) as number);
      blocks.set(call, numbers.length);
      for (const number of call.block) numbers.push(number);
    }

    const replaced = (storage: Storage): Replaced | null => {
      const handle = handleOf.get(storage);
      if (handle === undefined) return null;
      const base = SLOTS + 3 * (slotOf.get(storage) as number) + 1;
      return { handle, base, storage, changes: storage.version - (this.#versions.get(storage) ?? 0) };
    };
    const isInput = new Set(this.#inputs);
    const versions = [...this.#versions]
      .filter(([storage]) => !isInput.has(storage))
      .map(([storage, before]) => ({ storage, changes: storage.version - before }));
    const kept = slots.filter((storage) => this.#made.has(storage) && storage.kept);
    return new Plan(
      Float64Array.from(numbers),
      handles,
      this.#inputs.map(replaced),
      outputs.map((storage) => replaced(storage) as Replaced),
      this.#hostCalls.map(({ call, undo, calls }) => ({
        call,
        undo,
        packed: calls.map((c) => ({ ...c, position: blocks.get(c) as number })),
      })),
      [...versions, ...kept.map((storage) => ({ storage, changes: 1 }))].filter((v) => v.changes > 0),
      [...this.#gradients.values()].map((change) => ({ ...change, after: change.tensor.grad })),
      { calls: this.#calls.length, bytes: layout.bytes },
    );
  }

  /** Whether each run makes this storage, or only the recording did (then it is a constant), or neither. */
  originOf(storage: Storage): 'run' | 'recording' | 'outside' {
    const made = this.#made.get(storage);
    if (made === undefined) return 'outside';
    return made.used && !storage.kept ? 'run' : 'recording';
  }
}

/** A storage as an operand. */
const bytesOf = (storage: Storage): Operand => ({
  storage,
  dtype: 'uint8',
  offset: 0,
  shape: [storage.bytes],
  strides: [1],
  size: storage.bytes,
  isContiguous: true,
});
