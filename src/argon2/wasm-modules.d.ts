// What wrangler makes of an imported .wasm file.

declare module 'argon2-wasm-edge/wasm/*.wasm?module' {
  const module: object
  export default module
}
