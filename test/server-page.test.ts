import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Chromium, findChromium } from './support/chromium.js';
import { Service, tableOf } from './support/service.js';

// The page of examples/server, used as a person would, in a real browser.

const path = findChromium();
const withBrowser = path === undefined ? test.skip : test;
const reason = path === undefined ? ' (skipped: there is no Chromium; name one in CHROMIUM)' : '';

withBrowser(`a person uploads, trains, watches, asks and aborts${reason}`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mgp-page-'));
  const service = await Service.start({ MGP_API_KEY: 'open' });
  const browser = await Chromium.launch(path!);
  const $ = (selector: string) => `document.querySelector(${JSON.stringify(selector)})`;
  try {
    writeFileSync(join(folder, 'points.csv'), tableOf(500));
    writeFileSync(join(folder, 'broken.csv'), 'a,b\n1,2\nx,3\n');
    await browser.open(service.url);

    await browser.until(`${$('#key')} && !${$('#key')}.hidden`);
    await browser.type('#key input', 'open');
    await browser.click('#key button');
    await browser.until(`${$('#key')}.hidden`);

    await browser.chooseFiles('#upload [type=file]', [join(folder, 'broken.csv')]);
    await browser.click('#upload button');
    await browser.until($('#upload output.error'));
    t.regex(await browser.text(), /row 2 \(line 3\), column 1 "a": expected a number/);
    await browser.chooseFiles('#upload [type=file]', [join(folder, 'points.csv')]);
    await browser.click('#upload button');
    await browser.until(`${$('#upload output')}.textContent === 'points.csv: 500 rows, 5 columns.'`);

    // A job that ends.
    await browser.evaluate(`${$('#train [name=target]')}.value = 'side'`);
    await browser.click('#train button');
    await browser.until(`${$('#job-state')}.textContent === 'done'`);
    await browser.until(`Number(${$('#curve')}.dataset.points) >= 30`);
    t.regex(await browser.text(), /validation loss 0\.\d+, accuracy [01]/);
    const drawn = `(() => {
      const canvas = ${$('#curve canvas')};
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`;
    t.true((await browser.evaluate<number>(drawn)) > 10, 'there is a curve');
    await browser.type('#predict [name=x]', '0.1');
    await browser.type('#predict [name=y]', '0.9');
    await browser.type('#predict [name=distance]', '1.7');
    await browser.click('#predict form button, #predict button');
    await browser.until($('#predict .answer'));
    t.is(await browser.evaluate(`${$('#predict .answer')}.textContent`), 'side: above');
    t.is(await browser.evaluate(`document.querySelectorAll('#predict .bars progress').length`), 2);

    // One that does not: it is watched, asked and aborted.
    await browser.type('#train [name=epochs]', '10000');
    await browser.click('#train button');
    await browser.until(`${$('#job-state')}.textContent === 'running'`);
    await browser.until(`Number(${$('#curve')}.dataset.points) >= 3`);
    const points = await browser.evaluate<string>(`${$('#curve')}.dataset.points`);
    await browser.until(`Number(${$('#curve')}.dataset.points) > ${points}`);
    await browser.click('#predict button');
    await browser.until($('#predict .answer'));
    await browser.click('#abort');
    await browser.until(`${$('#job-state')}.textContent === 'aborted'`);
    t.is(await browser.evaluate(`document.querySelectorAll('#jobs tbody tr').length`), 2);
    t.true(await browser.evaluate(`${$('#predict-card')}.hidden`));

    // Every field has a name for those who do not see it.
    const unnamed = `[...document.querySelectorAll('input, select, button, progress')].filter((element) =>
      !element.labels?.length && !element.ariaLabel && !element.textContent.trim()).length`;
    t.is(await browser.evaluate(unnamed), 0);
    t.deepEqual(browser.errors, []);
  } finally {
    await browser.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
