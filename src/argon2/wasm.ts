// WebAssembly, as far as it is used here. The types of the platforms do not agree.

/** A compiled module. On Workers it is imported: they do not compile while they run. */
export type WasmModule = object

interface WebAssemblyOfPlatform {
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule) => { readonly exports: unknown }
}

const { WebAssembly: platform } = globalThis as unknown as {
  readonly WebAssembly: WebAssemblyOfPlatform
}

/** Compiles a module. Not on Workers. */
export function compileWasm(bytes: Uint8Array): WasmModule {
  return new platform.Module(bytes)
}

/** The exports of a new instance, which the caller knows. */
export function instantiateWasm<Exports>(module: WasmModule): Exports {
  return new platform.Instance(module).exports as Exports
}
