// The families in which the reference lists what the library exports: by the file that something is written in.

import { Comment, CommentTag, ReflectionKind } from 'typedoc';

/** The first pattern that fits a file (below lib/) tells the family. */
const FAMILIES = [
  [/^tensor/, 'Tensors'],
  [/^ops\/(create|ranges)/, 'Making tensors'],
  [/^ops\/(pointwise|elementary|arithmetic|operators|real|special-functions|aliases)/, 'Arithmetic'],
  [/^ops\/logic/, 'Comparisons, logic and bits'],
  [
    /^ops\/(reduce|statistics|quantile|scan|sort|search|unique|histogram|covariance|differences|norm|renorm|segment|sort)[.]/,
    'Reductions, sorting and statistics',
  ],
  [/^ops\/(indexing|inplace)/, 'Indexing and changes in place'],
  [/^ops\/(shape|broadcast|unfold)/, 'Shapes'],
  [/^ops\/(matmul|einsum|linalg|bilinear)/, 'Matrices'],
  [/^ops\/(conv|vision|unfold)/, 'Convolutions and images'],
  [/^ops\/pool/, 'Pooling'],
  [/^ops\/(activation|softmax|dropout)/, 'Activations and dropout'],
  [/^ops\/(normalization|group-norm|response-norm)/, 'Normalization'],
  [/^ops\/(attention|embedding)/, 'Attention and embeddings'],
  [/^ops\/(loss|distance)/, 'Losses and distances'],
  [/^(autograd|hooks|function|gradcheck|derivatives|graph|checkpoint|grad-mode|ops\/anomaly)/, 'Gradients'],
  [/^(compile|scope|random|backend|errors)/, 'Running'],
  [/^train\/(tensorboard|report)/, 'Looking on'],
  [/^train\/(metric|metrics)/, 'Metrics'],
  [/^train\/checkpoint/, 'Checkpoints'],
  [/^train/, 'Training'],
  [/^nn\/(module|parameter|containers|hooks)/, 'Modules and containers'],
  [/^nn\/(layers|bilinear)/, 'Linear layers'],
  [/^nn\/(conv|vision|padding)/, 'Convolutions and images'],
  [/^nn\/pool/, 'Pooling'],
  [/^nn\/(normalization|layer-norm)/, 'Normalization'],
  [/^nn\/(activation|composed-activation|dropout)/, 'Activations and dropout'],
  [/^nn\/rnn/, 'Recurrent layers'],
  [/^nn\/(attention|transformer|embedding)/, 'Attention and embeddings'],
  [/^nn\/initialize/, 'Initial values'],
  [/^io/, 'Files'],
  [/^nn\/loss/, 'Losses and distances'],
  [/^optim\/schedulers/, 'Schedules'],
  [/^optim/, 'Optimizers'],
  [/^data\/(sampler|random|randperm)/, 'Samplers'],
  [/^data\/(mnist|idx)/, 'MNIST'],
  [/^data/, 'Data sets and loaders'],
];

/** What stands on the first page, in this order; everything else after it. */
export const ORDER = ['Guides', 'Rooms', ...new Set(FAMILIES.map(([, family]) => family)), '*', 'Types'];

export function families(project) {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.SomeExport)) {
    const isTop = reflection.parent === project || reflection.parent?.kindOf(ReflectionKind.Namespace);
    if (isTop) put(reflection, familyOf(reflection));
  }
}

function familyOf(reflection) {
  if (reflection.kindOf(ReflectionKind.Namespace)) return 'Rooms';
  const target = reflection.isReference() ? reflection.getTargetReflectionDeep() : reflection;
  if (target.kindOf(ReflectionKind.Interface | ReflectionKind.TypeAlias)) return 'Types';
  const source = target.sources?.[0] ?? target.signatures?.[0]?.sources?.[0];
  const file = source?.fullFileName.split('/lib/').at(-1) ?? '';
  return FAMILIES.find(([pattern]) => pattern.test(file))?.[1];
}

function put(reflection, family) {
  if (!family) return;
  // TypeDoc looks for the tag at functions' signatures, and else at the declaration.
  const owners = reflection.signatures ?? [reflection];
  for (const owner of owners) {
    owner.comment ??= new Comment();
    owner.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: family }]));
  }
}
