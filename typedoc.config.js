import { OptionDefaults } from 'typedoc';

/** The API reference: `npm run docs:api`. A test holds it to no warnings. */
export default {
  name: 'pope-native',
  tsconfig: 'tsconfig.build.json',
  entryPoints: [
    'src/index.ts',
    'src/estimators/index.ts',
    'src/metrics/index.ts',
    'src/native/kernels.ts',
    'src/data/index.ts',
    'src/models/index.ts',
    'src/align/index.ts',
    'src/encoders/index.ts',
    'src/labels/index.ts',
    'src/judge/index.ts',
  ],
  out: 'api',
  readme: 'none',
  disableSources: true,
  // `npm run check` does that.
  skipErrorChecking: true,
  blockTags: [...OptionDefaults.blockTags, '@file'],
  excludeTags: ['@file'],
  validation: { invalidLink: true, notDocumented: true, notExported: false },
  // Everything that is exported, and every method. Fields are documented where name and type do not say all.
  requiredToBeDocumented: [
    'Function',
    'Class',
    'Interface',
    'TypeAlias',
    'Variable',
    'Enum',
    'Method',
    'Accessor',
    'Constructor',
  ],
  treatWarningsAsErrors: true,
};
