export { AnswerFile } from '../remote/answer-file.js';
export { ChatModel, type ChatOptions } from '../remote/chat.js';
export { type JudgeOptions, type JudgeResult, judge, type Match } from './judge.js';
export { type JudgeGenerationsOptions, judgeGenerations } from './judge-generations.js';
