/** Published names of the two forms of GELU. */
export const GELU: Record<string, 'tanh' | 'erf'> = {
  gelu_new: 'tanh',
  gelu_pytorch_tanh: 'tanh',
  gelu_python_tanh: 'tanh',
  gelu_accurate: 'tanh',
  gelu_fast: 'tanh',
  gelu: 'erf',
  gelu_python: 'erf',
};
