/** The server's description of a schedule, in fewer words. */

/** "Every 20 seconds, every minute, every hour, every day" says no more than "Every 20 seconds". */
const OBVIOUS = /^(Every .+?)(?:, every (?:minute|hour|day))+$/;

export const shortDescription = (description: string): string => description.replace(OBVIOUS, "$1");
