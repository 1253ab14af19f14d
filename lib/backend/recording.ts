import { setRecorder, type Recorder } from '../recording.js';
import { freed, takeFreeList, type Storage } from '../storage.js';
import type { Operand } from './contract.js';
import { fuse } from './fuse.js';
import { layOut } from './layout.js';
import { block } from './native-block.js';
import { interceptCalls, kernelName, loadNative, release, useCalls, type Handle } from './native.js';
import { Plan, SLOTS, type Call, type GradChange, type Replaced } from './plan.js';

/** A call of `fromHost`, and the kernels that it called. */
interface HostCall {
  readonly call: () => void;
  readonly undo: (() => void) | undefined;
  readonly calls: Call[];
  /** How many calls came before. */
  readonly at: number;
}

/** What is known of a storage that was made during the recording. */
interface Made {
  readonly zeroed: boolean;
  /** Whether JavaScript wrote its elements: then it is a constant. */
  filled: boolean;
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
  /** Why the step cannot be recorded, whether it minds the error or not. */
  #refusal: Error | null = null;
  /** Whether a kernel found bad data: an error is on its way that says which. */
  #failed = false;

  /** @param inputs what each later run replaces with its own */
  constructor(inputs: readonly Storage[]) {
    this.#inputs = inputs;
  }

  /** Runs the step and notes it. */
  run<T>(step: () => T): T {
    block.fill(UNUSED);
    const before = setRecorder(this);
    let result: T;
    try {
      result = useCalls(
        interceptCalls((entry, run) => this.#call(entry, run)),
        step,
      );
    } finally {
      setRecorder(before);
    }
    if (this.#refusal !== null) throw this.#refusal;
    this.#checkConstants();
    return result;
  }

  allocated(storage: Storage, zeroed: boolean): void {
    this.#made.set(storage, { zeroed, filled: false, used: false });
  }

  borrowed(storage: Storage): void {
    this.#made.set(storage, { zeroed: false, filled: true, used: false });
  }

  operand(storage: Storage): Handle {
    if (storage.handle === null) {
      this.#operands = [];
      freed();
    }
    this.#operands.push(storage);
    if (!this.#made.has(storage) && !this.#versions.has(storage))
      this.#versions.set(storage, storage.version);
    return storage.handle;
  }

  touched(storage: Storage): void {
    const made = this.#made.get(storage);
    if (this.#failed) return;
    if (made === undefined || made.used) {
      this.#refusal ??= new Error(
        '[compile] the step reads the values of a tensor (item, tolist, data, print, …), but its JavaScript runs only ' +
          'once: what it would decide by them could not change. Return the tensor and read it after the step',
      );
      throw this.#refusal;
    }
    // JavaScript fills it: a constant, whose memory nothing else may get.
    made.filled = true;
    storage.kept = true;
  }

  gradient(
    tensor: { readonly storage: Storage; grad: unknown },
    access: 'read' | 'set',
    value: unknown,
  ): void {
    if (this.#gradients.has(tensor)) return;
    // A tensor that the step makes has no gradient yet.
    const isFresh = this.#made.has(tensor.storage) || this.#inputs.includes(tensor.storage);
    this.#gradients.set(tensor, { tensor, expected: access === 'set' || isFresh ? undefined : value });
  }

  fromHost(call: () => void, undo?: () => void): void {
    const outer = this.#hostCall;
    this.#hostCall = { call, undo, calls: [], at: this.#calls.length };
    this.#hostCalls.push(this.#hostCall);
    try {
      call();
    } finally {
      this.#hostCall = outer;
    }
  }

  stepChanged(): void {
    // What runs for the first time is the step as it is.
  }

  #call(entry: number, run: () => number | undefined): number | undefined {
    const operands = this.#operands;
    this.#operands = [];
    let length = block.length;
    while (length > 0 && block[length - 1] === UNUSED) length--;
    // The last number of a call may happen to be that one, too.
    length = Math.min(length + 1, block.length);
    const call = { entry, block: block.slice(0, length), operands };
    for (const storage of operands) {
      const made = this.#made.get(storage);
      if (made === undefined || made.used) continue;
      made.used = true;
      // Fresh memory was zero; that of the plan is not.
      if (made.zeroed && !made.filled) loadNative().fill(0, bytesOf(storage));
    }
    block.set(call.block);
    try {
      const result = run();
      this.#calls.push(call);
      this.#hostCall?.calls.push(call);
      if (result !== undefined && result >= 0) this.#fail();
      return result;
    } finally {
      block.fill(UNUSED);
    }
  }

  #fail(): void {
    this.#failed = true;
    this.#refusal ??= new Error(
      '[compile] the step went on after an error about indices or targets that do not exist, as if it had not been; ' +
        'whether there is one depends on values, which its JavaScript sees only once',
    );
  }

  /** Throws when a constant would not be the same in the next run. */
  #checkConstants(): void {
    for (const [storage, { filled }] of this.#made)
      if (filled && storage.version > 0)
        throw new Error(
          `[compile] the step makes a tensor from numbers of JavaScript's (${storage.dtype}, ${storage.bytes} bytes) and ` +
            'changes it in place, but it makes it only once: change a clone() of it',
        );
  }

  /** @param outputs storages that each run makes anew, for the caller to keep */
  plan(outputs: readonly Storage[]): Plan {
    const isTemporary = (storage: Storage): boolean =>
      this.#made.has(storage) && !storage.kept && !outputs.includes(storage);
    const repacked = new Set(this.#hostCalls.flatMap(({ calls }) => calls));
    const fused = fuse(this.#calls, (call) => !repacked.has(call), isTemporary);
    const allCalls = fused.filter((call) => call !== null);
    const uses = new Map<Storage, [first: number, last: number]>();
    allCalls.forEach(({ operands }, i) => {
      for (const storage of operands) uses.set(storage, [uses.get(storage)?.[0] ?? i, i]);
    });
    // What is made from a temporary that nothing needs any more, element by element, takes its place.
    const placeOf = new Map<Storage, Storage>();
    allCalls.forEach((call, i) => {
      const out = call.operands[call.operands.length - 1];
      if (!isTemporary(out) || uses.get(out)?.[0] !== i) return;
      const last = alike(call).find((x) => isTemporary(x) && x.bytes === out.bytes && uses.get(x)?.[1] === i);
      if (last !== undefined) placeOf.set(out, placeOf.get(last) ?? last);
    });
    const temporaries = [...uses.keys()].filter(isTemporary);
    const lifetimes = new Map<Storage, { bytes: number; first: number; last: number }>();
    for (const storage of temporaries) {
      const [first, last] = uses.get(storage) as [number, number];
      const place = placeOf.get(storage) ?? storage;
      const before = lifetimes.get(place);
      lifetimes.set(place, { bytes: storage.bytes, first: before?.first ?? first, last });
    }
    const layout = layOut([...lifetimes.values()]);
    // Before there is an arena, what the recording worked on goes: the two together would be the most memory of all.
    release(takeFreeList());
    const arena = loadNative().allocate(Math.max(1, layout.bytes));
    const offsets = new Map([...lifetimes.keys()].map((storage, i) => [storage, layout.offsets[i]]));
    const places = new Map(
      temporaries.map((storage) => [storage, offsets.get(placeOf.get(storage) ?? storage)]),
    );

    const slots = [...uses.keys()];
    const handles: Handle[] = [arena];
    const numbers: number[] = [slots.length, allCalls.length, 0];
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
    for (const call of allCalls) {
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
    const outside = slots.filter((storage) => !this.#made.has(storage) && !isInput.has(storage));
    const kept = slots.filter((storage) => this.#made.has(storage) && storage.kept);
    return new Plan(
      Float64Array.from(numbers),
      handles,
      this.#inputs.map(replaced),
      outputs.map((storage) => replaced(storage) as Replaced),
      this.#hostCalls.map(({ call, undo, calls, at }) => ({
        call,
        undo,
        at: fused.slice(0, at).filter((one) => one !== null).length,
        packed: calls.map((c) => ({ ...c, position: blocks.get(c) as number })),
      })),
      [...versions, ...kept.map((storage) => ({ storage, changes: 1 }))].filter((v) => v.changes > 0),
      outside.map((storage) => ({ storage, handle: handleOf.get(storage) as number })),
      [...this.#gradients.values()].map((change) => ({ ...change, after: change.tensor.grad })),
      { calls: allCalls.length, bytes: layout.bytes },
    );
  }

  /** Whether each run makes this storage, or only the recording did (then it is a constant), or neither. */
  originOf(storage: Storage): 'run' | 'recording' | 'outside' {
    const made = this.#made.get(storage);
    if (made === undefined) return 'outside';
    return made.used && !storage.kept ? 'run' : 'recording';
  }
}

/**
 * The inputs of a pointwise call that are laid out as its result is: that may take the memory of one of them, for each
 * element is made from those in the same place. Not one that is walked in another way, too.
 */
function alike({ entry, block: numbers, operands }: Call): Storage[] {
  const name = kernelName(entry);
  if (name !== 'unary' && name !== 'binary') return [];
  // Which function, the shape, and for each operand its dtype, offset and strides.
  const length = numbers[1] + 2;
  const layouts = operands.map((_, i) => numbers.subarray(length * (i + 1), length * (i + 2)).join());
  const out = operands.length - 1;
  return operands.filter(
    (x, i) => i < out && operands.every((y, j) => j === out || y !== x || layouts[j] === layouts[out]),
  );
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
