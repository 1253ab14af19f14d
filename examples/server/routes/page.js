import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const own = (name) => new URL(`../page/${name}`, import.meta.url);

/** All files of the page, by address. */
const FILES = {
  '/': ['text/html', own('index.html')],
  '/page.css': ['text/css', own('page.css')],
  '/page.js': ['text/javascript', own('page.js')],
  '/api.js': ['text/javascript', own('api.js')],
  '/curve.js': ['text/javascript', own('curve.js')],
  '/forms.js': ['text/javascript', own('forms.js')],
  '/uplot.js': ['text/javascript', require.resolve('uplot/dist/uPlot.esm.js')],
  '/uplot.css': ['text/css', require.resolve('uplot/dist/uPlot.min.css')],
};

/** The page. It needs no key: what it shows comes from the other routes, which do. */
export async function pageRoutes(app) {
  for (const [address, [type, path]] of Object.entries(FILES)) {
    const content = readFileSync(path);
    app.get(address, { config: { isOpen: true } }, (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .header('cache-control', 'no-cache')
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', "default-src 'self'; frame-ancestors 'none'; img-src 'self' data:")
        .send(content),
    );
  }
}
