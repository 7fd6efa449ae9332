// node --test
'use strict';
const assert = require('assert');
const { spawnSync } = require('child_process');
const path = require('path');
const test = require('node:test');

test('it conforms', () => {
  const adapter = `'${process.execPath}' '${path.join(__dirname, 'toy_raft.js')}'`;
  const hunt = ['conform', '--quiet', '--random', '--seed', '1', '--runs', '40', '--cmd', adapter];
  const { status, error, stdout, stderr } = spawnSync('raft-ref', hunt, { encoding: 'utf8' });
  assert.strictEqual(status, 0, `${error || ''}\n${stdout}${stderr}`);
});
