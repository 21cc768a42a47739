/** The common emoji by the names that Slack uses. A name that is not here is shown as `:name:`. */

// prettier-ignore
const TABLE = [
  "smile 😄,smiley 😃,grinning 😀,grin 😁,laughing 😆,satisfied 😆,sweat_smile 😅,joy 😂",
  "rolling_on_the_floor_laughing 🤣,rofl 🤣,slightly_smiling_face 🙂,upside_down_face 🙃,wink 😉,blush 😊",
  "innocent 😇,heart_eyes 😍,star-struck 🤩,kissing_heart 😘,yum 😋,stuck_out_tongue 😛",
  "stuck_out_tongue_winking_eye 😜,thinking_face 🤔,thinking 🤔,zipper_mouth_face 🤐,neutral_face 😐",
  "expressionless 😑,no_mouth 😶,smirk 😏,unamused 😒,face_with_rolling_eyes 🙄,grimacing 😬,relieved 😌",
  "pensive 😔,sleepy 😪,sleeping 😴,mask 😷,nerd_face 🤓,sunglasses 😎,confused 😕,worried 😟",
  "slightly_frowning_face 🙁,open_mouth 😮,hushed 😯,astonished 😲,flushed 😳,fearful 😨,cold_sweat 😰,cry 😢",
  "sob 😭,scream 😱,disappointed 😞,sweat 😓,weary 😩,tired_face 😫,triumph 😤,rage 😡,angry 😠,skull 💀,poop 💩",
  "hankey 💩,clown_face 🤡,ghost 👻,alien 👽,robot_face 🤖,robot 🤖,partying_face 🥳,exploding_head 🤯,shrug 🤷",
  "facepalm 🤦,wave 👋,hand ✋,raised_hand ✋,raised_hands 🙌,ok_hand 👌,v ✌️,crossed_fingers 🤞,point_left 👈",
  "point_right 👉,point_up ☝️,point_up_2 👆,point_down 👇,+1 👍,thumbsup 👍,-1 👎,thumbsdown 👎,fist ✊,clap 👏",
  "open_hands 👐,handshake 🤝,pray 🙏,writing_hand ✍️,muscle 💪,eyes 👀,eye 👁️,brain 🧠",
  "speaking_head_in_silhouette 🗣️,bust_in_silhouette 👤,busts_in_silhouette 👥,man 👨,woman 👩",
  "technologist 🧑‍💻,construction_worker 👷,detective 🕵️,cop 👮,heart ❤️,orange_heart 🧡,yellow_heart 💛",
  "green_heart 💚,blue_heart 💙,purple_heart 💜,black_heart 🖤,broken_heart 💔,sparkling_heart 💖,100 💯,boom 💥",
  "collision 💥,dizzy 💫,sweat_drops 💦,dash 💨,zzz 💤,speech_balloon 💬,thought_balloon 💭,left_speech_bubble 🗨️",
  "white_check_mark ✅,heavy_check_mark ✔️,ballot_box_with_check ☑️,x ❌,negative_squared_cross_mark ❎",
  "heavy_multiplication_x ✖️,heavy_plus_sign ➕,heavy_minus_sign ➖,question ❓,grey_question ❔,exclamation ❗",
  "heavy_exclamation_mark ❗,grey_exclamation ❕,bangbang ‼️,interrobang ⁉️,warning ⚠️,no_entry ⛔",
  "no_entry_sign 🚫,octagonal_sign 🛑,stop_sign 🛑,radioactive_sign ☢️,rotating_light 🚨,construction 🚧,sos 🆘",
  "new 🆕,free 🆓,ok 🆗,up 🆙,cool 🆒,information_source ℹ️,recycle ♻️,white_circle ⚪,black_circle ⚫",
  "red_circle 🔴,large_blue_circle 🔵,large_orange_circle 🟠,large_yellow_circle 🟡,large_green_circle 🟢",
  "large_purple_circle 🟣,large_blue_square 🟦,large_green_square 🟩,large_yellow_square 🟨",
  "large_orange_square 🟧,large_red_square 🟥,white_large_square ⬜,black_large_square ⬛",
  "white_medium_square ◻️,black_medium_square ◼️,small_red_triangle 🔺,small_blue_diamond 🔹",
  "small_orange_diamond 🔸,large_blue_diamond 🔷,large_orange_diamond 🔶,radio_button 🔘,zero 0️⃣,one 1️⃣",
  "two 2️⃣,three 3️⃣,four 4️⃣,five 5️⃣,six 6️⃣,seven 7️⃣,eight 8️⃣,nine 9️⃣,keycap_ten 🔟,arrow_up ⬆️",
  "arrow_down ⬇️,arrow_left ⬅️,arrow_right ➡️,arrow_forward ▶️,arrow_backward ◀️,fast_forward ⏩,rewind ⏪",
  "arrow_heading_up ⤴️,arrow_heading_down ⤵️,leftwards_arrow_with_hook ↩️,arrow_right_hook ↪️",
  "arrows_counterclockwise 🔄,arrows_clockwise 🔃,repeat 🔁,repeat_one 🔂,twisted_rightwards_arrows 🔀",
  "double_vertical_bar ⏸️,pause_button ⏸️,black_square_for_stop ⏹️,stop_button ⏹️",
  "black_right_pointing_triangle_with_double_vertical_bar ⏯️",
  "black_right_pointing_double_triangle_with_vertical_bar ⏭️,next_track_button ⏭️,record_button ⏺️,back 🔙",
  "end 🔚,soon 🔜,top 🔝,hourglass ⌛,hourglass_flowing_sand ⏳,watch ⌚,alarm_clock ⏰,stopwatch ⏱️",
  "timer_clock ⏲️,clock1 🕐,clock3 🕒,clock9 🕘,clock12 🕛,calendar 📆,date 📅,spiral_calendar_pad 🗓️,tada 🎉",
  "confetti_ball 🎊,balloon 🎈,gift 🎁,trophy 🏆,medal 🏅,sports_medal 🏅,first_place_medal 🥇,dart 🎯,game_die 🎲",
  "art 🎨,performing_arts 🎭,musical_note 🎵,musical_score 🎼,headphones 🎧,microphone 🎤,clapper 🎬",
  "movie_camera 🎥,camera 📷,frame_with_picture 🖼️,tv 📺,bulb 💡,flashlight 🔦,mag 🔍,mag_right 🔎,lock 🔒",
  "unlock 🔓,closed_lock_with_key 🔐,key 🔑,old_key 🗝️,shield 🛡️,hammer 🔨,wrench 🔧,hammer_and_wrench 🛠️",
  "gear ⚙️,toolbox 🧰,nut_and_bolt 🔩,link 🔗,paperclip 📎,pushpin 📌,round_pushpin 📍,scissors ✂️",
  "triangular_ruler 📐,straight_ruler 📏,magnet 🧲,electric_plug 🔌,battery 🔋,satellite_antenna 📡,test_tube 🧪",
  "microscope 🔬,telescope 🔭,syringe 💉,pill 💊,computer 💻,desktop_computer 🖥️,keyboard ⌨️,printer 🖨️",
  "iphone 📱,telephone_receiver 📞,phone ☎️,floppy_disk 💾,cd 💿,file_folder 📁,open_file_folder 📂",
  "card_index_dividers 🗂️,card_file_box 🗃️,file_cabinet 🗄️,wastebasket 🗑️,page_facing_up 📄",
  "page_with_curl 📃,bookmark_tabs 📑,clipboard 📋,memo 📝,pencil 📝,pencil2 ✏️,lower_left_fountain_pen 🖋️",
  "crayon 🖍️,newspaper 📰,rolled_up_newspaper 🗞️,books 📚,book 📖,open_book 📖,notebook 📓,ledger 📒",
  "closed_book 📕,green_book 📗,blue_book 📘,orange_book 📙,bookmark 🔖,label 🏷️,email 📧,envelope ✉️,e-mail 📧",
  "incoming_envelope 📨,envelope_with_arrow 📩,outbox_tray 📤,inbox_tray 📥,package 📦,mailbox 📫,loudspeaker 📢",
  "mega 📣,bell 🔔,no_bell 🔕,bar_chart 📊,chart_with_upwards_trend 📈,chart_with_downwards_trend 📉,chart 💹",
  "abacus 🧮,receipt 🧾,moneybag 💰,dollar 💵,euro 💶,credit_card 💳,money_with_wings 💸,coin 🪙,bank 🏦,office 🏢",
  "house 🏠,factory 🏭,hospital 🏥,school 🏫,ballot_box_with_ballot 🗳️,scales ⚖️,balance_scale ⚖️,rocket 🚀",
  "airplane ✈️,ship 🚢,anchor ⚓,car 🚗,bus 🚌,ambulance 🚑,fire_engine 🚒,train 🚆,bike 🚲,traffic_light 🚦",
  "vertical_traffic_light 🚦,checkered_flag 🏁,triangular_flag_on_post 🚩,waving_white_flag 🏳️,world_map 🗺️",
  "compass 🧭,fire 🔥,star ⭐,star2 🌟,sparkles ✨,zap ⚡,sunny ☀️,cloud ☁️,rain_cloud 🌧️,snowflake ❄️,rainbow 🌈",
  "umbrella ☔,ocean 🌊,droplet 💧,earth_africa 🌍,earth_americas 🌎,earth_asia 🌏,globe_with_meridians 🌐",
  "new_moon 🌑,full_moon 🌕,sun_with_face 🌞,seedling 🌱,evergreen_tree 🌲,deciduous_tree 🌳,herb 🌿",
  "four_leaf_clover 🍀,maple_leaf 🍁,tulip 🌷,rose 🌹,sunflower 🌻,mushroom 🍄,cactus 🌵,coffee ☕,tea 🍵,beer 🍺",
  "beers 🍻,wine_glass 🍷,champagne 🍾,pizza 🍕,hamburger 🍔,cake 🍰,birthday 🎂,cookie 🍪,doughnut 🍩,apple 🍎",
  "banana 🍌,lemon 🍋,avocado 🥑,popcorn 🍿,bento 🍱,dog 🐶,cat 🐱,mouse 🐭,rabbit 🐰,fox_face 🦊,bear 🐻",
  "panda_face 🐼,tiger 🐯,lion_face 🦁,cow 🐮,pig 🐷,frog 🐸,monkey 🐒,see_no_evil 🙈,hear_no_evil 🙉",
  "speak_no_evil 🙊,chicken 🐔,penguin 🐧,bird 🐦,owl 🦉,turtle 🐢,snake 🐍,bug 🐛,beetle 🐞,bee 🐝,ant 🐜",
  "butterfly 🦋,snail 🐌,octopus 🐙,whale 🐳,dolphin 🐬,fish 🐟,shark 🦈,unicorn_face 🦄,elephant 🐘,sloth 🦥,feet 🐾",
  "dragon 🐉,infinity ♾️,hash #️⃣,copyright ©️,tm ™️,eject ⏏️,crown 👑,gem 💎,ring 💍,necktie 👔,eyeglasses 👓",
  "hourglass_done ⌛,ticket 🎫,admission_tickets 🎟️,jigsaw 🧩,teddy_bear 🧸,crystal_ball 🔮,magic_wand 🪄",
  "thread 🧵,knot 🪢,ladder 🪜,broom 🧹,door 🚪,bed 🛏️,shopping_trolley 🛒,coffin ⚰️,bomb 💣,dagger_knife 🗡️",
  "crossed_swords ⚔️,parachute 🪂,saluting_face 🫡,melting_face 🫠,face_with_monocle 🧐,hugging_face 🤗,bow 🙇",
  "runner 🏃,walking 🚶,dancer 💃,relay 🏃,flag-de 🇩🇪,flag-us 🇺🇸,flag-gb 🇬🇧,flag-fr 🇫🇷,flag-it 🇮🇹,flag-es 🇪🇸",
  "flag-br 🇧🇷,flag-eu 🇪🇺",
];

/** @type {Map<string, string>} */
const EMOJI = new Map();
for (const line of TABLE) {
  for (const pair of line.split(",")) {
    const [name, sign] = pair.split(" ");
    EMOJI.set(name, sign);
  }
}

/** @param {string} name @returns {string|undefined} */
export function emoji(name) {
  return EMOJI.get(name.replace(/::skin-tone-\d$/, ""));
}

/** @param {string} start @param {number} most @returns {[string, string][]} names that begin so, then ones that contain it */
export function findEmoji(start, most) {
  const all = [...EMOJI];
  const first = all.filter(([name]) => name.startsWith(start));
  const rest = all.filter(([name]) => !name.startsWith(start) && name.includes(start));
  return [...first, ...rest].slice(0, most);
}
