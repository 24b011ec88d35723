// The one style of all pages, in the colours of the reader's system. It is inside of each page. The
// Content-Security-Policy names its hash, so nothing else that gets into a page is a style.

/** The text of `<style>`. */
export const style = `:root{color-scheme:light dark;--b:#fff;--t:#1c1e21;--s:#5a6068;--l:#0b57d0;--o:#fff;--e:#b3261e;--f:#767c85}
*{box-sizing:border-box}
body{margin:0;background:var(--b);color:var(--t);font:16px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:480px;margin:0 auto;padding:24px 16px}
h1{margin:0 0 16px;font-size:24px;line-height:1.3}
h2{margin:0;font-size:16px}
main>h2{margin:32px 0 12px;font-size:20px}
p{margin:0 0 16px}
ul{margin:0;padding:0 0 0 20px}
.s{color:var(--s)}
.h{margin:0 0 8px;color:var(--s)}
.e{margin:0 0 8px;color:var(--e);font-weight:bold}
.n{margin:0 0 24px;padding:12px 16px;border:2px solid var(--e);border-radius:8px}
.n p{margin:0}
.f{margin:0 0 24px}
label{display:block;margin:0 0 4px;font-weight:bold}
a{color:var(--l)}
.n a{color:var(--e)}
input{display:block;width:100%;padding:11px 12px;border:1px solid var(--f);border-radius:8px;background:var(--b);color:var(--t);font:inherit}
input[aria-invalid]{border:2px solid var(--e)}
[type=checkbox]{width:24px;height:24px}
#code{font-family:ui-monospace,Menlo,Consolas,monospace;letter-spacing:2px}
button{width:100%;margin:0 0 24px;padding:12px;border:1px solid transparent;border-radius:8px;background:var(--l);color:var(--o);font:inherit;font-weight:bold;cursor:pointer}
.b,table~button{background:transparent;border-color:var(--f);color:var(--l)}
table{width:100%;margin:8px 0 16px;border-collapse:collapse;font-size:14px}
th,td{padding:8px 8px 8px 0;border-bottom:1px solid var(--f);text-align:left;vertical-align:top}
td .b{width:auto;margin:4px 0 0;padding:4px 8px}
:focus-visible{outline:3px solid var(--l);outline-offset:2px}
@media(prefers-color-scheme:dark){:root{--b:#15171a;--t:#e6e8eb;--s:#a9b0b8;--l:#8ab4f8;--o:#15171a;--e:#f2b8b5;--f:#8b929b}}`

/** The hash of the style, as a Content-Security-Policy names it (CSP 3 §2.3.1). */
export const styleHash = 'sha256-8+wHRlKWVDJ5GnzppMtoeq7IoaHOlxdM4OGFyZgCfVQ='
