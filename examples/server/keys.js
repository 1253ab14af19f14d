import { createHash, timingSafeEqual } from 'node:crypto';
import { HttpError } from './errors.js';

const digest = (text) => createHash('sha256').update(text).digest();

/** A hook that lets only requests with the key through, but to the page itself and to `/health`. */
export function requireKey(key) {
  const wanted = digest(key);
  return async (request, reply) => {
    if (request.routeOptions.config.isOpen) return;
    const [, given] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    // Hashes have one length: how long the comparison takes tells nothing.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new HttpError(401, 'expected the header Authorization: Bearer KEY with the key of this service');
  };
}
