# CPU addon. Sources come from native/sources.json, which CMakeLists.txt reads too.
#   pope_cpu        the product
#   libpope_cpu     the C ABI of native/include/pope.h as a plain shared library: no Node symbol, exports pope_* only
#   pope_reference  for tests: the same glue and ops over the slow double templates (POPE_REFERENCE)
#   pope_simt       for tests: the product with CUDA kernels, run on the host by native/simt (POPE_SIMT); the one for GPUs
#                   is made by CMakeLists.txt
#   pope_core_test  tests of native/core that need no Node, so that they also run with -fsanitize=thread
#   core, cpu, glue what several of these share: native/core and comm, the CPU kernels, and most of native/node
#   tier_*          files under "tiered", once per instruction set: gyp has flags per target, not per file. Such a file
#                   includes no standard or shared header with inline code, for the linker keeps one copy of an inline
#                   function and could keep the one that this machine cannot run; its code lives in namespace POPE_ISA.
# `npm run build:asan` builds with AddressSanitizer and UndefinedBehaviorSanitizer (pope_sanitize).
{
  'variables': {
    'pope_sanitize%': 0,
    # Only a clone has the tests, the published package does not.
    'pope_tests%': '<!(node -p "Number(require(\'fs\').existsSync(\'test/native/core\'))")',
    'napi': '<!(node -p "require(\'node-addon-api\').include_dir")',
  },
  'target_defaults': {
    'include_dirs': ['native', 'native/include'],
    'cflags!': ['-fno-exceptions'],
    'cflags_cc!': ['-fno-exceptions', '-std=gnu++17'],
    'cflags_cc': ['-std=c++20', '-Wall', '-Wextra', '-fno-math-errno', '-fvisibility=hidden', '-ffunction-sections'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CPLUSPLUSFLAGS': ['-fno-math-errno'],
    },
    'msvs_settings': {'VCCLCompilerTool': {'ExceptionHandling': 1, 'AdditionalOptions': ['/std:c++20']}},
    'configurations': {'Release': {'defines': ['NDEBUG']}},
    'conditions': [
      ['pope_sanitize==1', {
        # Without the checks for null, under which GCC 12 finds the address of a function not constant; ASan sees null too.
        'cflags': [
          '-fsanitize=address,undefined', '-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute',
          '-fno-sanitize-recover=undefined', '-g', '-O1',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
      # The pool's threads outlive a worker's environment, so the code must stay mapped when Node closes the addon.
      ['OS=="linux"', {'ldflags': ['-Wl,--exclude-libs,ALL', '-Wl,--gc-sections', '-Wl,-z,nodelete']}],
      ['OS=="linux" and pope_sanitize==0', {'ldflags': ['-static-libstdc++']}],
    ],
  },
  'targets': [
    {
      'target_name': 'pope_cpu',
      'sources': ["<!@(node -p \"(s => [s.ops, s.abi, s.addon].flat().join(' '))(require('./native/sources.json'))\")"],
      'include_dirs': ['<(napi)'],
      'dependencies': ['core', 'cpu', 'glue'],
    },
    {
      'target_name': 'libpope_cpu',
      'type': 'shared_library',
      'product_name': 'pope_cpu',
      'product_prefix': 'lib',
      # Beside the addon, where prebuildify looks for it; gyp's own place for a shared library is lib.target.
      'product_dir': '<(PRODUCT_DIR)',
      'win_delay_load_hook': 'false',
      'sources': ["<!@(node -p \"require('./native/sources.json').abi.join(' ')\")"],
      'dependencies': ['core', 'cpu'],
      'conditions': [
        ['OS=="linux"', {'product_extension': 'so', 'ldflags': ['-Wl,--version-script=<(module_root_dir)/native/abi/exports.map', '-Wl,-z,defs']}],
        ['OS=="mac"', {
          'product_extension': 'dylib',
          'xcode_settings': {'OTHER_LDFLAGS': ['-Wl,-exported_symbol,_pope_*', '-Wl,-install_name,@rpath/libpope_cpu.dylib']},
        }],
        ['OS=="win"', {'product_extension': 'dll'}],
      ],
    },
    {
      'target_name': 'core',
      'type': 'static_library',
      'sources': ["<!@(node -p \"require('./native/sources.json').core.join(' ')\")"],
    },
    {
      'target_name': 'glue',
      'type': 'static_library',
      'sources': ["<!@(node -p \"require('./native/sources.json').node.join(' ')\")"],
      'include_dirs': ['<(napi)'],
    },
    {
      'target_name': 'cpu',
      'type': 'static_library',
      'sources': ["<!@(node -p \"require('./native/sources.json').kernels.join(' ')\")"],
      'conditions': [
        ['target_arch=="x64"', {'dependencies': ['tier_baseline', 'tier_avx2', 'tier_avx512', 'tier_avx512bf16']}, {'dependencies': ['tier_baseline']}],
      ],
    },
    {
      'target_name': 'tier_baseline',
      'type': 'static_library',
      'defines': ['POPE_ISA=baseline'],
      'sources': ["<!@(node -p \"require('./native/sources.json').tiered.join(' ')\")"],
    },
  ],
  'conditions': [
    ['pope_tests==1', {
      'targets': [
        {
          'target_name': 'pope_core_test',
          'type': 'executable',
          'dependencies': ['core'],
          'sources': [
            'test/native/core/exchange_test.cpp',
            'test/native/core/main.cpp',
            'test/native/core/queue_test.cpp',
            'test/native/core/thread_pool_test.cpp',
            'test/native/core/unconfirmed_test.cpp',
          ],
        },
        {
          'target_name': 'pope_reference',
          'defines': ['POPE_REFERENCE'],
          'sources': ["<!@(node -p \"(s => [s.ops, s.abi, s.addon].flat().join(' '))(require('./native/sources.json'))\")"],
          'include_dirs': ['<(napi)'],
          'dependencies': ['core', 'glue'],
        },
        {
          'target_name': 'pope_simt',
          'defines': ['POPE_WITH_CUDA', 'POPE_SIMT'],
          'sources': ["<!@(node -p \"(s => [s.ops, s.abi, s.addon, s.cuda, s.cudaKernels, s.simt].flat().join(' '))(require('./native/sources.json'))\")"],
          'include_dirs': ['<(napi)'],
          'dependencies': ['core', 'cpu', 'glue'],
          'cflags_cc': ['-Wno-unknown-pragmas'],
          # gyp does not know .cu as C++.
          'rules': [{
            'rule_name': 'cuda_as_cpp',
            'extension': 'cu',
            'outputs': ['<(INTERMEDIATE_DIR)/<(RULE_INPUT_ROOT).cu.cpp'],
            'action': ['node', 'scripts/include-file.mjs', '<(RULE_INPUT_PATH)', '<(INTERMEDIATE_DIR)/<(RULE_INPUT_ROOT).cu.cpp'],
            'process_outputs_as_sources': 1,
            'message': 'Including <(RULE_INPUT_PATH)',
          }],
        },
      ],
    }],
    ['target_arch=="x64"', {
      'targets': [
        {
          'target_name': 'tier_avx2',
          'type': 'static_library',
          'defines': ['POPE_ISA=avx2'],
          'sources': ["<!@(node -p \"require('./native/sources.json').tiered.join(' ')\")"],
          'cflags': ['-mavx2', '-mfma'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-mavx2', '-mfma']},
        },
        {
          'target_name': 'tier_avx512',
          'type': 'static_library',
          'defines': ['POPE_ISA=avx512'],
          'sources': ["<!@(node -p \"require('./native/sources.json').tiered.join(' ')\")"],
          'cflags': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mfma', '-mprefer-vector-width=512'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mfma']},
        },
        {
          'target_name': 'tier_avx512bf16',
          'type': 'static_library',
          'defines': ['POPE_ISA=avx512bf16'],
          'sources': ["<!@(node -p \"require('./native/sources.json').tieredBf16.join(' ')\")"],
          'cflags': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx512bf16', '-mfma', '-mprefer-vector-width=512'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx512bf16', '-mfma']},
        },
      ],
    }],
  ],
}
