// A PGlite in memory behind a socket, until the standard input ends. Arguments: the socket, whose folder
// goes with it.
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

const db = await PGlite.create()
const server = new PGLiteSocketServer({ db, path: process.argv[1], maxConnections: 8 })
await server.start()
process.stdout.write('done\n')
process.stdin.on('end', () => {
    rmSync(dirname(process.argv[1]), { recursive: true, force: true })
    process.exit(0)
}).resume()
