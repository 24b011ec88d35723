// Finds or downloads the browser for the tests that need one, before any of them start.

import type { TestProject } from 'vitest/node'
import { findBrowser } from './find-browser.ts'

export default function setup(project: TestProject): void {
  project.provide('browser', findBrowser())
}
