// Runs the member until it is told to stop: strata dev does so, and starts it again when a file changes.
import { member } from './handlers.js';

process.once('SIGTERM', () => member.stop());
console.log('serving');
await member.run();
