/**
 * What the server sends, for editors and type checkers.
 *
 * @typedef {{id: string, name: string, real_name: string, color: string, bot: boolean, guest: boolean, deleted: boolean,
 *   team_id: string, tz?: string}} User
 * @typedef {{id: string, name: string, kind: "channel"|"private"|"dm", topic: string, archived: boolean, member: boolean,
 *   with: string|null, unread: number}} Channel
 * @typedef {{id: string, name: string, title?: string, url: string, mimetype: string, preview?: string, size?: number}} FileInfo
 * @typedef {{ts: string, user: string, text: string, blocks?: Block[], attachments?: any[], thread_ts?: string|null,
 *   reply_count?: number, reply_broadcast?: boolean, edited?: any, ephemeral?: any, files?: FileInfo[], bot?: any, username?: string,
 *   reactions?: {name: string, count: number, users: string[]}[]}} Message
 * @typedef {Record<string, any> & {type: string, block_id?: string}} Block
 * @typedef {{id: string, hash: string, title: any, submit: any, close: any, blocks: Block[],
 *   errors?: Record<string, string>, values?: Values, stack?: number, loading?: boolean}} View
 * @typedef {Record<string, Record<string, any>>} Values  block id → action id → value in Slack's shape
 * @typedef {{command: string, description: string, usage_hint: string}} Command
 * @typedef {{id: string, channel: string, text: string}} Notice
 * @typedef {{version: number, team: {id: string, name: string}, me: string, users: User[], channels: Channel[],
 *   messages: Record<string, Message[]>, view: View|null, home: {blocks: Block[], hash: string, id?: string}|null,
 *   commands: Command[], notices: Notice[], faults?: Record<string, any>, usergroups?: {id: string, handle: string, name: string}[],
 *   app?: {id: string, name: string, bot_user_id?: string, home?: boolean}, shortcuts?: any[]}} State
 *
 * @typedef {{type: "message", channel: string, ts: string, ephemeral?: boolean}|{type: "view", id: string}|{type: "home"}} Container
 */
export {};
