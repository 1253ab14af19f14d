import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { HttpError } from './errors.js';
import { Columns } from './columns.js';

const PARSER = { bom: true, info: true, relax_column_count: true, skip_empty_lines: true };
const LONGEST_RECORD = 1024 * 1024;

/**
 * Writes a CSV file as it comes in, and checks each row of it meanwhile: nothing but the current rows is in memory.
 * @param categorical names of columns whose numbers are names
 * @returns what the file has: columns, rows, bytes
 * @throws HttpError 400 naming row and column, 413 for what is too much
 */
export async function receiveCsv(stream, path, { limits, categorical }) {
  const columns = new Columns(limits, categorical);
  const file = await open(path, 'wx');
  let bytes = 0;
  async function* write(chunks) {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) throw new HttpError(413, `expected at most ${limits.maxBytes} bytes`);
      checkText(decoder, chunk, bytes);
      await file.write(chunk);
      yield chunk;
    }
  }
  try {
    // What is not wanted any more is still read: a client that sends hears the answer only then.
    await pipeline(
      stream.iterator({ destroyOnReturn: false }),
      write,
      parse({ ...PARSER, max_record_size: LONGEST_RECORD }),
      async (records) => {
        for await (const { record, info } of records) columns.add(record, info.lines);
      },
    );
    await file.sync();
  } catch (error) {
    throw error instanceof CsvError ? new HttpError(400, describeSyntax(error)) : error;
  } finally {
    stream.resume();
    await file.close();
  }
  return { ...columns.finish(), bytes };
}

/** The rows of a file that {@link receiveCsv} has written, without the header: texts. */
export async function* readCsv(path) {
  const file = await open(path);
  const records = file.createReadStream().pipe(parse({ ...PARSER, info: false, from: 2 }));
  yield* records;
}

function checkText(decoder, chunk, bytes) {
  try {
    decoder.decode(chunk, { stream: true });
  } catch {
    throw new HttpError(400, `expected UTF-8, got other bytes before byte ${bytes}`);
  }
}

/** What the parser found, in words of this service. */
function describeSyntax({ code, lines, message }) {
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `line ${lines}: a row is longer than ${LONGEST_RECORD} characters`;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return `line ${lines}: a quote is opened and never closed`;
  return message;
}
