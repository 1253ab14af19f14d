import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const APPLICATIONS = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The path of a Chromium, or undefined; the variable CHROMIUM names another. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env.CHROMIUM ?? '', ...paths, ...APPLICATIONS].find(
    (path) => path !== '' && existsSync(path),
  );
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** What a page has logged as an error, or thrown. */
interface Trouble {
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
  readonly type?: string;
  readonly args?: readonly { readonly value?: string | number; readonly description?: string }[];
}

/** A headless Chromium with one page, spoken to over pipes in the DevTools protocol. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  #last = 0;
  #session = '';
  /** Errors of the page. */
  readonly errors: string[] = [];

  private constructor(path: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'mgp-chromium-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    this.#process = spawn(
      path,
      [
        ...flags,
        '--no-first-run',
        '--window-size=1280,1000',
        `--user-data-dir=${this.#folder}`,
        '--remote-debugging-pipe',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    this.#process.once('exit', () => {
      for (const answer of this.#answers.values()) answer({ error: { message: 'Chromium has ended' } });
    });
    let text = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (part: string) => {
      const messages = (text + part).split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.#receive(JSON.parse(message) as Message);
    });
  }

  static async launch(path: string): Promise<Chromium> {
    const browser = new Chromium(path);
    const { targetId } = (await browser.#send('Target.createTarget', { url: 'about:blank' })) as {
      targetId: string;
    };
    const attached = await browser.#send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = (attached as { sessionId: string }).sessionId;
    for (const domain of ['Page', 'Runtime', 'DOM']) await browser.#send(`${domain}.enable`);
    return browser;
  }

  /** Opens an address, and waits until all that the page is made of is there. */
  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
    const isThere = `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === 'complete'`;
    await this.until(isThere);
  }

  /** The value of an expression in the page, awaited. */
  async evaluate<T = unknown>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T } } & Trouble;
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, seconds = 60): Promise<void> {
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end) {
      if (await this.evaluate<boolean>(`Boolean(${expression})`).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the page did not come to: ${expression}; it shows:\n${await this.text()}`);
  }

  /** What the page shows, as text. */
  text(): Promise<string> {
    return this.evaluate<string>('document.body.innerText');
  }

  /** Clicks with the mouse on what a selector finds, once it stands still. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(async () => {
      for (let last = ''; ; ) {
        const element = document.querySelector(${JSON.stringify(selector)});
        element.scrollIntoView({ block: 'center' });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const { left, top, width, height } = element.getBoundingClientRect();
        const place = [left, top, width, height].join();
        if (place === last) return { x: left + width / 2, y: top + height / 2 };
        last = place;
      }
    })()`);
    const at = { x, y, button: 'left', clickCount: 1 };
    await this.#send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
    await this.#send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
  }

  /** Types a text into the field that a selector finds, in place of what is there. */
  async type(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.#send('Input.insertText', { text });
  }

  /** Chooses files in a field. */
  async chooseFiles(selector: string, files: readonly string[]): Promise<void> {
    const { root } = (await this.#send('DOM.getDocument')) as { root: { nodeId: number } };
    const found = await this.#send('DOM.querySelector', { nodeId: root.nodeId, selector });
    await this.#send('DOM.setFileInputFiles', { files, ...(found as { nodeId: number }) });
  }

  /** A picture of the page, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = (await this.#send('Page.captureScreenshot', { captureBeyondViewport: true })) as {
      data: string;
    };
    return Buffer.from(data, 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    void this.#send('Browser.close').catch(() => undefined);
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    const session = this.#session === '' ? {} : { sessionId: this.#session };
    const message = JSON.stringify({ id, method, params, ...session });
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
      (this.#process.stdio[3] as Writable).write(`${message}\0`);
    });
  }

  #receive({ id, method, params, ...answer }: Message): void {
    if (id !== undefined) {
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
      return;
    }
    const { exceptionDetails, type, args } = (params ?? {}) as Trouble;
    if (method === 'Runtime.exceptionThrown')
      this.errors.push(exceptionDetails?.exception?.description ?? exceptionDetails?.text ?? 'unknown');
    if (method === 'Runtime.consoleAPICalled' && type === 'error')
      this.errors.push(args?.map(({ value, description }) => String(value ?? description)).join(' ') ?? '');
  }
}
