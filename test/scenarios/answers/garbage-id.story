# Asks again for an ID that is not UTF-8 and never sends it, as the predecessor did not (defect 14).

[dialogue]
echo "Enter your Werbot ID (email or username): " <- bytes "ca721ac16911b86008af57fea64ef59d45ec943ce38b33da822ad17921c87018bf670fb65e06ad55fca44cf39b43ea923ae18931d88028cf771fc66e16bd650db45c04ab53faa24af19941e89038df872fd67e26cd751dc46c14bb630bb25a02a951f8a048ef973fe68e36dd852dd47c24cb731bc26a12b96109b058ffa74ff69e46ed953de48c34db832bd27a22c97119c06810b75f07ae56fda54df49c44eb933be28a32d98129d07820c76f17be660eb55d05ac54fba34bf29a42e99139e08830d77f27ce761ec56d15bc640cb35b03aa52f9a149f09840e78f37de862ed57d25cc741cc36b13ba620ab15901a850f79f47ee963ee58d35dc842cd37b23ca721ac16911b86008af57fea64ef59d45ec943ce38b33da822ad17921c87018bf670fb65e06ad55fca44cf39b"
echo "That is not valid UTF-8 text. Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"

[outcome]
allowed

[log]
INFO: login allowed user={user} werbot_id=alice@example.com rhost={rhost} method=totp ms={ms} ref={ref}

[requests]
connections = 1
handshakes = 1
requests = 1
