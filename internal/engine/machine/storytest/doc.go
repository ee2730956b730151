// Package storytest plays stories: tests of the platform's rules in words that a
// bookkeeper could read. A story is a list of commands with the outcome of each,
// and ends with the balances of all accounts and the total. It can be played on
// anything that takes commands: a machine over memory or Pebble, a replica.
//
// One line is one command or one look at the state. A # begins a comment. What
// stands behind -> is the outcome's code, and what the answer must say. The code
// "again" is an ok that changed nothing. Amounts are in yuan, "max" is the most
// an account can hold; times are written like 7d, 2h, 30m, 15s or 7d-1ms.
//
//	merchant M1 [appids=A1,A2] [name=..] [pause=60s]      M1 is a short name for an mchid, A1 for an appid
//	set M1 [name=..] [status=paused] [pause=60s]
//	appid M1 A2 · cert M1 SERIAL [der=..] [to=0] · revoke M1 SERIAL · key M1 KEYID
//	person ming [name=..] [appids=A1] · openid ming A2
//	enter mei [name=..] [key=K1] [phone=..] [appids=A1]   a person with sealed details; K1 is short for a key's id
//	seal ming [name=..] [key=K1] [clear=..] · erase ming · block ming reason=.. · block ming off · tagkey K1
//	topup ming 10.00 REF [line=demo] [currency=840]
//	order NO M1 3.00 [product=jsapi] [appid=A1] [openid=ming] [expire=30m] [description=..] [notify=..]
//	pay NO ming ATTEMPT [prepay=1|unknown|forged]     prepay counts the order's prepay_ids from 1
//	close NO M1
//	refund RNO NO 1.00 [of=3.00] [by=payment] [order=..] [notify=none] [merchant=M1]
//	report 1=delivered 2=status ..             the next attempt of each notice; 1#7=.. is its 7th
//	report by=c1 1=delivered                   a courier's
//	redeliver 1
//	lease c1 10s [started=2] [holds=128] · lease c1 leave   c1 is a courier
//	member 1f=voter · member times=17          a member of the cluster by its raft id, in hex
//	limit ACCOUNT [frozen] [no_overdraft] [cap=5.00] · transfer REF FROM TO 1.00 [FROM TO 2.00 ..]
//	code PHONE [digits=111111] [from=ADDRESS] [key=K]        a one-time code; PHONE is a person's name too
//	enrol PHONE DEVICE [digits=111111] [label=..] [details=none] · enddevice PHONE DEVICE by=..
//	setpin PHONE 123456 by=.. · trypin PHONE DEVICE KEY · tried PHONE NUMBER right|wrong · forgetpin PHONE [digits=111111] by=..
//	freelimit PHONE 100.00 by=.. · grade PHONE 2 · limits 1 act=.. day=.. year=.. [minute=30] [pace=10m:3:50.00,..]
//	passkey PHONE NAME [key=..] [label=..] by=.. · endpasskey PHONE NAME by=.. · seen PHONE DEVICE
//	usepasskey PHONE NAME [n=1] [count=0] [until=2m] [for=DEVICE] [unverified] by=.. [act=..]   act= is what the grant is for
//	appeal PHONE CLIENTID words=.. by=.. · decide PHONE NUMBER grant|uphold [answer=..]
//	walletpay NO PHONE ATTEMPT by=..           by=DEVICE#COUNTER[!GRANT] is the consent of a device
//	genesis [level=4] [name=..] [sandbox] · tick · level 2 · backfill NAME [limit=7] · advance 2h ATTEMPT
//	send ming hua 1.00 c1 [waits] [memo=..] by=..            money to a person, known as ming/c1 from then on
//	accept ming/c1 hua by=.. · decline ming/c1 hua by=.. · lookup ming PHONE · hide ming [off] by=..
//	packet ming 3.00 c1 [shares=3] [lucky] to=hua|link=TOKEN [words=..] by=..
//	claim ming/c1 hua [link=TOKEN] [without=nonce|lot|truth] by=.. · reveal ming/c1 [wrong]
//	staff wang|M1/wang [roles=support,field] [name=..] [uid=ming] · endstaff wang · roles wang finance
//	token wang TOKEN · signin wang SESSION [life=12h] [label=..] token=TOKEN|by=.. · signout wang [1]
//	alias ming 123456789 by=..                 the alias of a device, for the codes that it shows
//	codepay NO M1 1.00 ALIAS STEP TAP [till=1] [digits=..] [description=..]    an order paid by a shown code
//	answer NO ming pay|no by=.. · wrongcode M1 TILL · receive ming CODE by=..
//	till M1 NAME [token=..] · settill M1/NAME [close] [pay=1.00] [cash=1.00] [shift=1.00]
//	tillpay M1/NAME ming 1.00 c1 by=..         an order paid by a printed code
//	openshift M1/NAME 1 M1/wang 100.00 · closeshift M1/NAME 1 99.00
//	cash M1/NAME ming 1.00 c1 staff=M1/wang [change] · cashout M1/NAME ming 1.00 c1 by=.. · undocash M1/NAME c1 staff=M1/wang
//	complain ming c1 NO|refund/1|transfer/1|packet/1 [trouble=not_received] [words=..] by=..   of a payment
//	reply ming/c1 words=.. · content ming/c1 ming by=..
//	openshop ming s1 [name=..] [kind=stall] [category=..] [picture=..] by=.. · judge ming/s1 approve|REFUSAL [words=..] [token=T]
//	takings ming/s1 ming 1.00 c1 by=..         into the owner's wallet
//	wait 2h                                    moves the leader's clock
//	reopen                                     closes and opens the platform
//
//	balance ACCOUNT 7.00 [held=1.00]           a person, a merchant, "bank", or an account's name
//	total CNY 100.00                           what is owed equals what is held
//	see order|refund|notice|merchant|person|courier|codes X key=value ..   "gone" when it is not there
//	owed 1 2 · owed none · parked M1 3 · indexed NO R1 R2 · busy · idle
//
//	ladder COMMAND .. end                      each row fails on one condition fewer than the row
//	                                           before, in the order of the handler's comment
//	given LINE                                 a row within a ladder that is not a rung
package storytest
