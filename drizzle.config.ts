import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'turso',
  schema: './src/service/store/*schema.ts',
  out: './migrations',
})
