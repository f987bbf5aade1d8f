// Twilio's own calculator counts the texts of ten_thousand.py. To make twilios_counts.txt anew:
//   npm install --no-save sms-segments-calculator@1.3.0
//   python -m tests.texts.ten_thousand | node tests/texts/twilios_counts.mjs > tests/texts/twilios_counts.txt
// A sign for each text: 1 to 9 are segments in GSM-7, a to i in UCS-2. A hundred to a line.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { SegmentedMessage } = createRequire(process.cwd() + '/')('sms-segments-calculator')
const signs = JSON.parse(readFileSync(0, 'utf8')).map((text) => {
  const counted = new SegmentedMessage(text, 'auto', false)
  return (counted.encodingName === 'UCS-2' ? '-abcdefghi' : '-123456789')[counted.segmentsCount]
})
console.log(signs.join('').replace(/.{100}/g, '$&\n').trim())
